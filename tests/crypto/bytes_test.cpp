// Byte order and cursors.
#include "crypto/bytes.hpp"

#include <array>

#include <gtest/gtest.h>

namespace culvert {
namespace {

struct Wire {
  uint8_t a;
  be16 b;
  be32 c;
  be64 d;
};
static_assert(sizeof(Wire) == 15);

TEST(Bytes, BigEndianLiesInNetworkOrder) {
  const Wire w{1, 0x0203, 0x04050607, 0x08090a0b0c0d0e0f};
  const auto* bytes = reinterpret_cast<const uint8_t*>(&w);
  for (size_t i = 0; i < sizeof(w); i++)
    EXPECT_EQ(bytes[i], i + 1);
  EXPECT_EQ(w.b, 0x0203);
  EXPECT_EQ(w.c.get(), 0x04050607u);
  EXPECT_EQ(w.d, 0x08090a0b0c0d0e0fu);
  EXPECT_EQ(w.b.raw(), 0x0302);
}

TEST(Bytes, LoadAndStoreNeedNoAlignment) {
  std::array<uint8_t, 12> room{};
  store_be<uint16_t>(&room[1], 0x1234);
  store_be<uint64_t>(&room[3], 0x1122334455667788);
  EXPECT_EQ(room[1], 0x12);
  EXPECT_EQ(load_be<uint16_t>(&room[1]), 0x1234);
  EXPECT_EQ(load_be<uint64_t>(&room[3]), 0x1122334455667788u);
  EXPECT_EQ(load_be<uint32_t>(&room[3]), 0x11223344u);
}

TEST(Bytes, ReaderReadsForward) {
  const std::array<uint8_t, 8> data{1, 2, 3, 4, 5, 6, 7, 8};
  Reader r(data);
  EXPECT_EQ(r.u8(), 1);
  EXPECT_EQ(r.u16(), 0x0203);
  EXPECT_EQ(r.u32(), 0x04050607u);
  EXPECT_EQ(r.left(), 1u);
  EXPECT_EQ(r.u8(), 8);
  EXPECT_TRUE(r.empty());
}

TEST(Bytes, ReaderStaysWhereItIsWhenThereIsTooLittle) {
  const std::array<uint8_t, 3> data{1, 2, 3};
  Reader r(data);
  EXPECT_EQ(r.u32(), std::nullopt);
  EXPECT_FALSE(r.bytes(4).has_value());
  EXPECT_EQ(r.left(), 3u);
  ASSERT_TRUE(r.bytes(3).has_value());
  EXPECT_EQ(r.u8(), std::nullopt);
  EXPECT_EQ(r.u16(), std::nullopt);
  ASSERT_TRUE(r.bytes(0).has_value());
  EXPECT_TRUE(Reader({}).empty());
  EXPECT_EQ(Reader({}).u8(), std::nullopt);
}

}  // namespace
}  // namespace culvert
