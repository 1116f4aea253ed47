// Bytes stay whole in any weather: the endpoint against the tests' own TCP, thousands of seeds.
#include "tests/dataplane/tcp/lossy_peer.hpp"
#include "tests/dataplane/tcp/seeds.hpp"

namespace culvert::tcp::test {
namespace {

void matrix(const Weather& weather, uint32_t runs, size_t size, EndpointConfig config = {},
            Offload offload = {}) {
  uint64_t repeated = 0;
  uint64_t disordered = 0;
  for (uint32_t seed = 1; seed <= runs; ++seed) {
    SCOPED_TRACE(seed);
    config.isn_key[1] = seed;
    Wire wire(config, offload);
    const std::string up = pattern(size / 2 + seed % 997, seed);
    const std::string down = pattern(size + seed % 1009, seed + 7);
    LossyPeer peer(wire, weather, seed, up);
    ASSERT_TRUE(peer.run(down, 900 * kSecond))
        << peer.got.size() << "/" << down.size() << " down, " << peer.delivered.size() << "/"
        << up.size() << " up";
    ASSERT_EQ(peer.got, down);
    ASSERT_EQ(peer.delivered, up);
    ASSERT_EQ(wire.endpoint->buffers_held(), 0u);
    repeated += wire.endpoint->counters().retransmits;
    disordered += wire.endpoint->counters().out_of_order;
  }
  // The weather really was what it should be.
  EXPECT_EQ(repeated > runs / 2, weather.loss > 0);
  EXPECT_EQ(disordered > runs / 2, weather.loss > 0);
}

TEST(Loss, fair) {
  matrix({}, seeds(100), 200'000);
}
TEST(Loss, one_per_cent) {
  matrix({.loss = 10}, seeds(500), 60'000);
}
TEST(Loss, one_per_cent_without_sack) {
  matrix({.loss = 10, .sack = false}, seeds(300), 60'000);
}
TEST(Loss, one_per_cent_without_timestamps) {
  matrix({.loss = 10, .timestamps = false}, seeds(300), 60'000);
}
TEST(Loss, ten_per_cent_doubled_and_reordered) {
  matrix({.loss = 100, .duplicate = 50, .reorder = 200}, seeds(700), 30'000);
}
TEST(Loss, ten_per_cent_with_neither_sack_nor_timestamps) {
  matrix({.loss = 100, .duplicate = 50, .reorder = 200, .sack = false, .timestamps = false},
         seeds(300), 30'000);
}
TEST(Loss, small_buffers) {
  matrix({.loss = 50, .reorder = 100, .receive_window = 3000}, seeds(200), 20'000,
         {.receive_buffer = 6000, .send_buffer = 6000});
}
TEST(Loss, attached_buffers) {
  matrix({.loss = 50, .duplicate = 20, .reorder = 100}, seeds(200), 60'000, {},
         {.ip_checksum = true, .tcp_checksum = true, .multi_segment = true});
}

}  // namespace
}  // namespace culvert::tcp::test
