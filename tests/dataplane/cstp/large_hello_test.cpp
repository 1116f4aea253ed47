// First records that are larger than the room that everybody has, from clients that keep to the window.
#include <gtest/gtest.h>

#include "dataplane/cstp/setup.hpp"
#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

std::string hello_of(size_t size) {
  const size_t body = size - 5;
  return std::string{22, 3, 1, static_cast<char>(body >> 8), static_cast<char>(body)} +
         tcp::test::pattern(body);
}

TEST(LargeHello, OfAnySizeComesThroughTheAnnouncedWindow) {
  for (const size_t size : {4097u, 5000u, 6005u, 16'005u}) {
    tcp::EndpointConfig config;
    config.first_receive_buffer = kFirstRoom;
    Dialogue d(crypto::tls_suites().front(), 8, config, {.scale = 7});
    d.expect(MessageKind::opened);
    d.tell(MessageKind::want_record);
    const std::string hello = hello_of(size);
    const uint8_t scale = d.peer.syn_ack.options.window_scale;
    uint32_t edge = d.peer.syn_ack.window;  // a SYN's is not scaled
    for (int i = 0; i < 100 && d.sent < size; ++i) {
      const size_t end = std::min<size_t>(edge, size);
      if (end > d.sent) d.say(hello.substr(d.sent, std::min<size_t>(1400, end - d.sent)));
      d.wire.run(100 * tcp::test::kMs);
      while (!d.wire.quiet()) {
        const tcp::test::Sent s = d.wire.take();
        edge = std::max(edge, d.peer.acked_by(s) + (uint32_t{s.window} << scale));
      }
    }
    EXPECT_EQ(d.sent, size);
    EXPECT_EQ(d.expect(MessageKind::record).data, hello);
  }
}

}  // namespace
}  // namespace culvert::cstp::test
