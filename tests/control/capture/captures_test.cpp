// From dropped packets to files: contents, limits, permissions, names.
#include "control/capture/captures.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "control/capture/packet_text.hpp"
#include "tests/control/capture/blocks.hpp"

namespace culvert::control::test {
namespace {

using dp::DropReason;

constexpr uint32_t kSection = 0x0a0d0d0a, kInterface = 1, kStatistics = 5, kPacket = 6;

struct World {
  World() {
    char pattern[] = "/tmp/culvert-test-XXXXXX";
    folder = ::mkdtemp(pattern);
    drops.tap(nullptr);
  }
  ~World() { std::filesystem::remove_all(folder); }

  CaptureSource source() {
    return {.attach =
                [this] {
                  drops.tap(&tap);
                  return std::vector<dp::DropTap*>{&tap};
                },
            .detach = [this] { drops.tap(nullptr); },
            .now = [] { return dp::Time{1000}; },
            .port_name = [](uint16_t port) { return std::string(port == 0 ? "inside" : ""); }};
  }
  // An IPv4 packet with UDP and DF.
  void drop(DropReason reason, uint16_t size = 200) {
    std::vector<uint8_t> bytes(RTE_PKTMBUF_HEADROOM + size);
    uint8_t* ip = bytes.data() + RTE_PKTMBUF_HEADROOM;
    const uint8_t header[] = {0x45,
                              0,
                              static_cast<uint8_t>(size >> 8),
                              static_cast<uint8_t>(size),
                              0,
                              0,
                              0x40,
                              0,
                              64,
                              17,
                              0,
                              0,
                              10,
                              48,
                              66,
                              200,
                              10,
                              10,
                              10,
                              1,
                              0x13,
                              0x89,
                              0,
                              9};
    std::copy(std::begin(header), std::end(header), ip);
    rte_mbuf m{};
    m.buf_addr = bytes.data();
    m.data_off = RTE_PKTMBUF_HEADROOM;
    m.data_len = size;
    m.pkt_len = size;
    drops.add_packet(reason, &m);
  }
  static void wait(const std::function<bool()>& done) {
    for (int i = 0; i < 5000 && !done(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_TRUE(done());
  }
  std::string file(const std::string& name) { return folder + "/c/" + name + ".pcapng"; }

  std::string folder;
  dp::Time now = 1000;
  dp::DropTap tap{now};
  dp::DropCounters drops;
};

size_t count(const std::vector<Block>& blocks, uint32_t type) {
  return static_cast<size_t>(
      std::count_if(blocks.begin(), blocks.end(), [&](const Block& b) { return b.type == type; }));
}

TEST(Captures, WriteWhatWiresharkReads) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "a", .reason = DropReason::svc_no_fragment});
  w.drop(DropReason::svc_no_fragment, 1418);
  w.drop(DropReason::ip_no_route);
  World::wait([&] { return captures.views()[0].packets == 1; });
  struct stat info {};
  ASSERT_EQ(::stat(w.file("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);

  const CaptureView view = captures.views()[0];
  ASSERT_EQ(view.lines.size(), 1U);
  EXPECT_NE(view.lines[0].find("10.48.66.200.5001 > 10.10.10.1.9: UDP DF, length 1418 Drop-reason: "
                               "(mp-svc-no-fragment) SVC Module unable to fragment packet"),
            std::string::npos)
      << view.lines[0];
  ASSERT_TRUE(captures.stop("a").has_value());
  World::wait([&] { return count(read_blocks(read_all(w.file("a"))), kStatistics) == 1; });
  const auto blocks = read_blocks(read_all(w.file("a")));
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(blocks[0].type, kSection);
  EXPECT_EQ(blocks[0].at<uint32_t>(0), 0x1a2b3c4dU);
  EXPECT_EQ(blocks[1].type, kInterface);
  EXPECT_EQ(blocks[1].at<uint16_t>(0), 101);  // LINKTYPE_RAW
  EXPECT_EQ(blocks[1].options.at(2), "inside");
  EXPECT_EQ(blocks[2].type, kPacket);
  EXPECT_EQ(blocks[2].at<uint32_t>(12), 1418U);  // captured
  EXPECT_EQ(blocks[2].at<uint32_t>(16), 1418U);  // on the wire
  EXPECT_EQ(static_cast<uint8_t>(blocks[2].body[20]), 0x45);
  EXPECT_EQ(blocks[2].options.at(1),
            "Drop-reason: (mp-svc-no-fragment) SVC Module unable to fragment packet");
  EXPECT_FALSE(captures.stop("a").has_value());
  EXPECT_TRUE(captures.views().empty());
}

TEST(Captures, AreReadableBeforeTheFirstPacket) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "a"});
  const auto blocks = read_blocks(read_all(w.file("a")));
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].type, kSection);
}

TEST(Captures, TwoAtOnceEachGetTheirOwn) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "all", .packet_length = 64});
  captures.start({.name = "one", .reason = DropReason::ip_no_route});
  w.drop(DropReason::ip_no_route);
  w.drop(DropReason::ip_ttl);
  World::wait([&] { return captures.views()[0].packets == 2; });
  EXPECT_EQ(captures.views()[1].packets, 1U);
  const auto blocks = read_blocks(read_all(w.file("all")));
  ASSERT_EQ(count(blocks, kPacket), 2U);
  EXPECT_EQ(blocks.back().at<uint32_t>(12), 64U);
  EXPECT_EQ(blocks.back().at<uint32_t>(16), 200U);
}

TEST(Captures, AFullOneStopsAndACircularOneGoesOn) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "stop", .buffer = 8192});
  captures.start({.name = "ring", .buffer = 8192, .circular = true});
  for (int i = 0; i < 200; ++i)
    w.drop(DropReason::ip_no_route, static_cast<uint16_t>(200 + i));
  World::wait([&] { return captures.views()[1].packets == 200; });
  const auto views = captures.views();
  EXPECT_EQ(views[0].state, CaptureState::full);
  EXPECT_EQ(views[1].state, CaptureState::capturing);
  ASSERT_EQ(views[1].files.size(), 2U);
  for (const CaptureView& view : views) {
    uint64_t bytes = 0;
    for (const std::string& path : view.files) {
      const std::string all = read_all(path);
      bytes += all.size();
      EXPECT_EQ(read_blocks(all).front().type, kSection);
    }
    EXPECT_LE(bytes, 8192U);
    EXPECT_EQ(bytes, view.bytes);
  }
  // The first packets are in the one, the last in the other.
  EXPECT_EQ(read_blocks(read_all(views[0].files[0]))[2].at<uint32_t>(16), 200U);
  EXPECT_EQ(read_blocks(read_all(views[1].files[0])).back().at<uint32_t>(16), 399U);
}

TEST(Captures, AFullOneWantsNothingMore) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "stop", .buffer = 8192});
  for (int i = 0; i < 200; ++i)
    w.drop(DropReason::ip_no_route);
  World::wait([&] { return captures.views()[0].state == CaptureState::full; });
  // Nothing of these is copied, once the writer has looked.
  World::wait([&] {
    w.drop(DropReason::ip_no_route);
    return w.tap.front() == nullptr;
  });
}

TEST(Captures, SayWhatTheyMissed) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "a", .buffer = 1 << 25});
  for (uint32_t i = 0; i < 40 * dp::DropTap::kSlots; ++i)
    w.drop(DropReason::ip_no_route);
  World::wait([&] {
    const CaptureView view = captures.views()[0];
    return view.packets + view.missed == 40 * dp::DropTap::kSlots;
  });
}

TEST(Captures, RefuseWithASentence) {
  World w;
  Captures captures(w.source(), w.folder + "/c");
  for (const char* name : {"", "../x", ".hidden", "a/b", "a b", "a.older"}) {
    EXPECT_THROW(captures.start({.name = name}), std::runtime_error) << name;
  }
  for (size_t i = 0; i < Captures::kMost; ++i)
    captures.start({.name = std::to_string(i)});
  EXPECT_THROW(captures.start({.name = "0"}), std::runtime_error);
  EXPECT_THROW(captures.start({.name = "more"}), std::runtime_error);
  std::ofstream(w.folder + "/file") << "x";
  Captures nowhere(w.source(), w.folder + "/file/c");
  EXPECT_THROW(nowhere.start({.name = "a"}), std::runtime_error);
}

// As on a headend that has a certificate of its own, which needs no state directory otherwise.
TEST(Captures, MakeTheFoldersAboveTheirs) {
  World w;
  Captures captures(w.source(), w.folder + "/state/here/captures");
  captures.start({.name = "a"});
  for (const char* made : {"/state", "/state/here", "/state/here/captures"}) {
    EXPECT_EQ(std::filesystem::status(w.folder + made).permissions(),
              std::filesystem::perms::owner_all)
        << made;
  }
  EXPECT_TRUE(std::filesystem::exists(w.folder + "/state/here/captures/a.pcapng"));
}

// Whoever can make files in the folder cannot make us write somewhere else.
TEST(Captures, DoNotFollowLinks) {
  World w;
  std::filesystem::create_directory(w.folder + "/c");
  std::ofstream(w.folder + "/precious") << "untouched";
  std::filesystem::create_symlink(w.folder + "/precious", w.file("a"));
  Captures captures(w.source(), w.folder + "/c");
  captures.start({.name = "a"});
  w.drop(DropReason::ip_no_route);
  World::wait([&] { return captures.views()[0].packets == 1; });
  EXPECT_EQ(read_all(w.folder + "/precious"), "untouched");
}

TEST(PacketText, TellsFramesFromPackets) {
  using pcapng::LinkType;
  std::vector<uint8_t> arp(42);
  arp[12] = 8, arp[13] = 6;
  EXPECT_EQ(link_type(DropReason::arp_malformed, arp, 42), LinkType::ethernet);
  EXPECT_EQ(link_type(DropReason::interface_down, arp, 42), LinkType::ethernet);
  EXPECT_EQ(packet_text(LinkType::ethernet, arp, 42),
            "00:00:00:00:00:00 > 00:00:00:00:00:00, ethertype 0x0806, length 42");
  std::vector<uint8_t> six(48);
  six[0] = 0x60, six[5] = 8, six[6] = 58, six[23] = 1, six[39] = 2;
  EXPECT_EQ(link_type(DropReason::no_buffer, six, 48), LinkType::ip);
  EXPECT_EQ(packet_text(LinkType::ip, six, 48), "::1 > ::2: ICMP6, length 48");
  const std::vector<uint8_t> bytes{1, 2, 3};
  EXPECT_EQ(link_type(DropReason::tcp_socket_closed, bytes, 3), LinkType::user0);
  EXPECT_EQ(link_type(DropReason::ip_bad_header, {}, 0), LinkType::user0);
  EXPECT_EQ(packet_text(LinkType::ip, bytes, 3), "truncated IP packet, length 3");
}

// What was dropped is often what somebody made up: any bytes, of any length, are described within their bounds (which
// the sanitizers watch).
TEST(PacketText, DescribesWhateverComes) {
  std::mt19937 chance(116881);
  for (int i = 0; i < 50'000; ++i) {
    std::vector<uint8_t> bytes(chance() % 70);
    for (uint8_t& byte : bytes)
      byte = static_cast<uint8_t>(chance());
    if (!bytes.empty() && i % 2 == 0) bytes[0] = i % 4 == 0 ? 0x45 : 0x60;
    const auto reason = static_cast<DropReason>(chance() % dp::kDropReasons);
    const auto size = static_cast<uint32_t>(bytes.size());
    EXPECT_FALSE(packet_text(link_type(reason, bytes, size), bytes, size).empty());
  }
}

}  // namespace
}  // namespace culvert::control::test
