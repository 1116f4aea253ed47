#include "dataplane/dtls/record_walk.hpp"

#include <string>

#include <gtest/gtest.h>

namespace culvert::dtls {
namespace {

std::string record(uint8_t type, uint16_t version, uint64_t sequence, const std::string& body) {
  crypto::record::DtlsHeader h{type, version, sequence, static_cast<uint16_t>(body.size())};
  std::string out(sizeof h, '\0');
  std::memcpy(out.data(), &h, sizeof h);
  return out + body;
}

WalkResult walk_all(const std::string& bytes, unsigned& records) {
  RecordWalk walk(reinterpret_cast<const uint8_t*>(bytes.data()),
                  static_cast<uint32_t>(bytes.size()));
  Record r;
  records = 0;
  for (;;) {
    const WalkResult result = walk.next(r);
    if (result != WalkResult::record) return result;
    ++records;
  }
}

TEST(RecordWalk, SeesEachRecord) {
  const std::string bytes = record(22, 0xfeff, 5, "hello") +
                            record(23, 0xfefd, 0x0001'0000'0000'0007, "x") +
                            record(21, 0x0100, 6, "ab");
  RecordWalk walk(reinterpret_cast<const uint8_t*>(bytes.data()),
                  static_cast<uint32_t>(bytes.size()));
  Record r;
  ASSERT_EQ(walk.next(r), WalkResult::record);
  EXPECT_EQ(r.offset, 0u);
  EXPECT_EQ(r.size, 18u);
  EXPECT_TRUE(r.of_handshake());
  ASSERT_EQ(walk.next(r), WalkResult::record);
  EXPECT_EQ(r.offset, 18u);
  EXPECT_EQ(r.epoch(), 1);
  EXPECT_EQ(r.number(), 7u);
  EXPECT_TRUE(r.of_tunnel());
  EXPECT_FALSE(r.of_handshake());
  ASSERT_EQ(walk.next(r), WalkResult::record);
  EXPECT_TRUE(r.of_handshake());  // an alert in the clear
  EXPECT_EQ(walk.next(r), WalkResult::end);
}

TEST(RecordWalk, ApplicationDataInTheClearIsNobodys) {
  const std::string bytes = record(23, 0xfefd, 7, "x");
  RecordWalk walk(reinterpret_cast<const uint8_t*>(bytes.data()),
                  static_cast<uint32_t>(bytes.size()));
  Record r;
  ASSERT_EQ(walk.next(r), WalkResult::record);
  EXPECT_FALSE(r.of_tunnel());
  EXPECT_FALSE(r.of_handshake());
}

TEST(RecordWalk, StopsAtWhatIsWrong) {
  unsigned n = 0;
  const std::string good = record(22, 0xfefd, 5, "hello");
  EXPECT_EQ(walk_all("", n), WalkResult::cut_short);
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(walk_all(good.substr(0, size), n), WalkResult::cut_short) << size;
    EXPECT_EQ(walk_all(good + good.substr(0, size), n), WalkResult::cut_short) << size;
    EXPECT_EQ(n, 1u);
  }
  for (const unsigned type : {0u, 19u, 24u, 25u, 255u})
    EXPECT_EQ(walk_all(record(static_cast<uint8_t>(type), 0xfefd, 5, "x"), n),
              WalkResult::malformed);
  for (const unsigned version : {0x0303u, 0x0001u, 0xfefcu, 0xfefeu})
    EXPECT_EQ(walk_all(record(22, static_cast<uint16_t>(version), 5, "x"), n),
              WalkResult::malformed);
  EXPECT_EQ(walk_all(record(22, 0xfefd, 5, ""), n), WalkResult::malformed);
  EXPECT_EQ(walk_all(record(23, 0xfefd, 5, std::string((1 << 14) + 2049, 'x')), n),
            WalkResult::malformed);
  EXPECT_EQ(walk_all(record(23, 0xfefd, 5, std::string((1 << 14) + 2048, 'x')), n),
            WalkResult::end);
}

}  // namespace
}  // namespace culvert::dtls
