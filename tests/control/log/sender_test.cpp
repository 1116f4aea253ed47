// Messages on their way to files and servers: good ones, and those that stall, reset, or are not there. The servers
// are sockets of the kernel.
#include "control/log/sender.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/log/log.hpp"

namespace culvert::control {
namespace {

using namespace std::chrono_literals;

void wait(const std::function<bool()>& done) {
  for (int i = 0; i < 10'000 && !done(); ++i)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(done());
}

class Server {
 public:
  explicit Server(LogTransport transport, int receive_buffer = 0)
      : tcp_(transport == LogTransport::tcp),
        fd_(::socket(AF_INET, tcp_ ? SOCK_STREAM : SOCK_DGRAM, 0)) {
    if (receive_buffer != 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    host.address = dp::IpAddress::v4(INADDR_LOOPBACK);
    host.port = ntohs(at.sin_port);
    host.transport = transport;
    if (tcp_) {
      EXPECT_EQ(::listen(fd_, 5), 0);
    }
  }
  ~Server() {
    ::close(fd_);
    hang_up();
  }
  void accept() {
    pollfd p{fd_, POLLIN, 0};
    ASSERT_EQ(::poll(&p, 1, 20'000), 1) << "nobody connects";
    peer_ = ::accept(fd_, nullptr, nullptr);
  }
  void hang_up(bool reset = false) {
    if (peer_ < 0) return;
    const linger abort{1, 0};
    if (reset) ::setsockopt(peer_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    ::close(peer_);
    peer_ = -1;
  }
  // What comes next: a datagram, or some bytes of the stream.
  std::string read() {
    pollfd p{tcp_ ? peer_ : fd_, POLLIN, 0};
    if (::poll(&p, 1, 20'000) != 1) return {};
    char data[4096];
    const ssize_t n = ::recv(p.fd, data, sizeof data, 0);
    return {data, static_cast<size_t>(std::max<ssize_t>(n, 0))};
  }
  std::string read_bytes(size_t count) {
    std::string all;
    while (all.size() < count) {
      const std::string more = read();
      if (more.empty()) break;
      all += more;
    }
    return all;
  }
  LogHostConfig host;

 private:
  bool tcp_;
  int fd_;
  int peer_ = -1;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(LogSender, OneMessageADatagram) {
  Server server(LogTransport::udp);
  LogSender sender(make_udp_destination(server.host));
  EXPECT_TRUE(sender.push("before the start"));
  sender.start();
  EXPECT_TRUE(sender.push("after"));
  EXPECT_EQ(server.read(), "before the start");
  EXPECT_EQ(server.read(), "after");
  wait([&] { return sender.counts().sent == 2; });
}

TEST(LogSender, NobodyAtThePortIsAnErrorAndNoMore) {
  LogHostConfig nobody;
  {
    const Server gone(LogTransport::udp);
    nobody = gone.host;
  }
  LogSender sender(make_udp_destination(nobody));
  sender.start();
  for (int i = 0; i < 20; ++i) {
    sender.push("x");
    std::this_thread::sleep_for(1ms);
  }
  wait([&] {
    const auto c = sender.counts();
    return c.sent + c.errors == 20;
  });
}

TEST(LogSender, OneMessageALine) {
  Server server(LogTransport::tcp);
  LogSender sender(make_tcp_destination(server.host));
  sender.start();
  sender.push("one");
  sender.push("two");
  server.accept();
  EXPECT_EQ(server.read_bytes(8), "one\ntwo\n");
  // A server that goes, politely or not, is found again.
  for (const bool reset : {false, true}) {
    server.hang_up(reset);
    std::this_thread::sleep_for(20ms);
    sender.push("three");
    server.accept();
    EXPECT_EQ(server.read_bytes(6), "three\n");
  }
}

TEST(LogSender, AServerThatStallsDelaysNobody) {
  Server server(LogTransport::tcp, 2048);
  LogSender sender(make_tcp_destination(server.host));
  sender.start();
  const std::string message(1000, 'x');
  sender.push(message);
  server.accept();  // and does not read
  constexpr uint64_t kMessages = 20'000;
  for (uint64_t i = 1; i < kMessages; ++i)
    sender.push(message);
  const LogSender::Counts c = sender.counts();
  EXPECT_GT(c.discarded, 0U);
  EXPECT_LE(c.queued, LogSender::kMostQueued);
  // One is in the sender's hands.
  EXPECT_LE(kMessages - (c.sent + c.discarded + c.queued), 1U);
  // Once it reads it gets all that was not discarded.
  for (uint64_t read = 0; read < (kMessages - c.discarded) * 1001;) {
    const size_t some = server.read().size();
    ASSERT_NE(some, 0U);
    read += some;
  }
  wait([&] { return sender.counts().queued == 0; });
}

TEST(LogSender, EndsInTimeWhateverItsServerDoes) {
  Server stalls(LogTransport::tcp, 2048), good(LogTransport::tcp);
  LogHostConfig nobody;
  {
    const Server gone(LogTransport::tcp);
    nobody = gone.host;
  }
  LogSender a(make_tcp_destination(stalls.host)), b(make_tcp_destination(nobody)),
      c(make_tcp_destination(good.host));
  for (LogSender* sender : {&a, &b, &c}) {
    sender->start();
    for (int i = 0; i < 3000; ++i)
      sender->push(std::string(1000, 'x'));
  }
  for (LogSender* sender : {&a, &b, &c})
    sender->stop(200ms);
  EXPECT_FALSE(a.push("too late"));
  wait([&] { return a.done() && b.done() && c.done(); });
  EXPECT_EQ(b.counts().discarded, 3000U);
}

TEST(LogSender, AppendsToAFileAndFollowsItsName) {
  char pattern[] = "/tmp/culvert-test-XXXXXX";
  const std::string folder = ::mkdtemp(pattern);
  const std::string path = folder + "/log";
  std::ofstream(path) << "before\n";
  {
    LogSender sender(make_file_destination(path));
    sender.start();
    sender.push("one");
    wait([&] { return sender.counts().sent == 1; });
    EXPECT_EQ(read_file(path), "before\none\n");
    std::filesystem::rename(path, path + ".1");
    wait([&] {
      sender.push("again");
      std::this_thread::sleep_for(10ms);
      return std::filesystem::exists(path);
    });
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777 & ~0640U, 0U);
  }
  LogSender nowhere(make_file_destination(folder + "/no/such/log"));
  nowhere.start();
  nowhere.push("x");
  wait([&] { return nowhere.counts().errors == 1; });
  EXPECT_EQ(nowhere.counts().error, ENOENT);
  std::filesystem::remove_all(folder);
}

TEST(Log, SendsWhatTheTrapLevelLetsThrough) {
  Server server(LogTransport::udp), other(LogTransport::udp);
  LoggingConfig c;
  c.stderr_level = c.buffered_level = 0;
  c.trap_level = 5;
  c.hosts = {server.host};
  Log log(c);
  log.configure(c, {.hostname = "lab", .device_id = "fw1"});
  log.log(Severity::informational, 1, "too chatty");
  log.log(Severity::notification, 722033, "kept");
  log.start();
  EXPECT_EQ(server.read(), "<165>fw1 : %ASA-5-722033: kept");
  // Another host from now on, with the other header.
  other.host.rfc5424 = true;
  c.hosts = {other.host};
  log.configure(c, {.hostname = "lab", .device_id = "fw1"});
  log.log(Severity::error, "own");
  EXPECT_TRUE(other.read().ends_with(" fw1 culvertd - - - %CULVERT-3: own"));
  EXPECT_EQ(log.view().trap_messages, 2U);
  ASSERT_EQ(log.view().hosts.size(), 1U);
  wait([&] { return log.view().hosts[0].sent == 1; });
}

// A reader of standard error that has gone to sleep.
TEST(Log, DoesNotWaitForTheConsole) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  LoggingConfig c;
  {
    Log log(c);
    for (int i = 0; i < 2000; ++i)
      log.log(Severity::error, 722035, std::string(200, 'x'));
    ::dup2(before, STDERR_FILENO);
    const LogView view = log.view();
    EXPECT_GT(view.console_messages, 0U);
    EXPECT_GT(view.console_discarded, 0U);
    EXPECT_EQ(view.console_messages + view.console_discarded, 2000U);
  }
  for (const int fd : {before, ends[0], ends[1]})
    ::close(fd);
}

}  // namespace
}  // namespace culvert::control
