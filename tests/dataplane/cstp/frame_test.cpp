#include "dataplane/cstp/frame.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dataplane/cstp/record_header.hpp"

namespace culvert::cstp {
namespace {

std::vector<uint8_t> frame(PacketType type, uint16_t length, size_t payload) {
  std::vector<uint8_t> b(kHeaderSize + payload);
  write_header(b.data(), type, length);
  return b;
}

ParseResult parse_all(const std::vector<uint8_t>& b, Header& h) {
  return parse(b.data(), static_cast<uint32_t>(b.size()), h);
}

TEST(Frame, HeaderIsAsOnTheWire) {
  const auto b = frame(PacketType::disconnect, 0x0102, 0);
  EXPECT_EQ(b, (std::vector<uint8_t>{'S', 'T', 'F', 1, 1, 2, 5, 0}));
}

TEST(Frame, ParsesEveryType) {
  for (unsigned type = 0; type < 256; ++type) {
    Header h{};
    ASSERT_EQ(parse_all(frame(static_cast<PacketType>(type), 3, 3), h), ParseResult::ok);
    EXPECT_EQ(h.type, type);
    EXPECT_EQ(h.length, 3);
  }
}

TEST(Frame, RejectsWhatIsCutAtEveryLength) {
  const auto whole = frame(PacketType::data, 20, 20);
  for (size_t size = 0; size < whole.size(); ++size) {
    // On the heap at its exact size: a read beyond the end is seen.
    const std::vector<uint8_t> b(whole.begin(), whole.begin() + static_cast<long>(size));
    Header h{};
    EXPECT_EQ(parse_all(b, h),
              size < kHeaderSize ? ParseResult::bad_framing : ParseResult::bad_length);
  }
}

TEST(Frame, RejectsOtherMagicAndReserved) {
  for (const size_t at : {0u, 1u, 2u, 3u, 7u}) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto b = frame(PacketType::data, 20, 20);
      b[at] ^= static_cast<uint8_t>(1u << bit);
      Header h{};
      EXPECT_EQ(parse_all(b, h), ParseResult::bad_framing);
    }
  }
}

TEST(Frame, RejectsOtherLengths) {
  for (const unsigned length : {0u, 19u, 21u, 0x1400u, 0xffffu}) {
    Header h{};
    EXPECT_EQ(parse_all(frame(PacketType::data, static_cast<uint16_t>(length), 20), h),
              ParseResult::bad_length);
  }
  // No wrap at 64 KiB.
  Header h{};
  EXPECT_EQ(parse_all(frame(PacketType::data, 4, 65536 + 4), h), ParseResult::bad_length);
}

RecordHeader check(uint8_t type, uint16_t version, unsigned length) {
  return check_record_header({type, version, static_cast<uint16_t>(length)});
}

TEST(RecordHeader, KnowsTypesVersionsAndLengths) {
  for (unsigned type = 0; type < 256; ++type) {
    EXPECT_EQ(check(static_cast<uint8_t>(type), 0x0303, 10).state == RecordHeader::State::ok,
              type >= 20 && type <= 23);
  }
  for (unsigned version = 0; version < 65536; ++version) {
    EXPECT_EQ(check(22, static_cast<uint16_t>(version), 10).state == RecordHeader::State::ok,
              version >> 8 == 3);
  }
  for (unsigned length = 0; length < 65536; ++length) {
    const auto h = check(23, 0x0303, length);
    const bool good = length > 0 && length <= (1u << 14) + 2048;
    ASSERT_EQ(h.state == RecordHeader::State::ok, good) << length;
    ASSERT_EQ(h.size, good ? length + 5 : 0);
    ASSERT_LE(h.size, crypto::record::kMaxRecord);
  }
}

TEST(RecordHeader, HttpAndNoiseAreNoRecords) {
  for (const char* text :
       {"GET / HTTP/1.1", "SSH-2.0-x", "\x16\x02\x01\x01\x00", "\x80\x2e\x01\x00\x02"}) {
    crypto::record::Header h;
    std::memcpy(&h, text, sizeof h);
    EXPECT_EQ(check_record_header(h).state, RecordHeader::State::malformed) << text;
  }
}

}  // namespace
}  // namespace culvert::cstp
