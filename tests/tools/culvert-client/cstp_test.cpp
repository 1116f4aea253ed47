#include "tools/culvert-client/cstp.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace culvert::client {
namespace {

TEST(ClientCstp, HeaderIsThatOfTheProtocol) {
  std::array<uint8_t, kCstpHeader> header{};
  write_cstp_header(header, Frame::dpd_request, 0x0203);
  EXPECT_EQ(header, (std::array<uint8_t, 8>{'S', 'T', 'F', 1, 2, 3, 3, 0}));
}

TEST(ClientCstp, OneRecordIsOnePacket) {
  std::vector<uint8_t> record{'S', 'T', 'F', 1, 0, 3, 0, 0, 'a', 'b', 'c'};
  const auto packet = parse_cstp(record);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type, Frame::data);
  EXPECT_EQ(packet->payload.size(), 3u);
  EXPECT_EQ(packet->payload[0], 'a');
  EXPECT_FALSE(parse_cstp(std::span(record).first(10)));  // a byte short
  record.push_back('d');
  EXPECT_FALSE(parse_cstp(record));  // a byte more
  record.pop_back();
  for (const size_t at : {0U, 1U, 2U, 3U, 7U}) {
    std::vector<uint8_t> wrong = record;
    wrong[at] ^= 1;
    EXPECT_FALSE(parse_cstp(wrong)) << at;
  }
  EXPECT_FALSE(parse_cstp({}));
  EXPECT_FALSE(parse_cstp(std::span(record).first(7)));
}

}  // namespace
}  // namespace culvert::client
