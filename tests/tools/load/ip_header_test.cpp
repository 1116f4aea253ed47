// Headers field by field, and their checksums.
#include "tools/load/ip_header.hpp"

#include <array>

#include <gtest/gtest.h>
#include <rte_ip.h>

namespace culvert::load {
namespace {

TEST(IpHeader, OfIpv4) {
  std::array<uint8_t, 20> room{};
  const IpFields fields{*dp::IpAddress::parse("10.1.2.3"), *dp::IpAddress::parse("192.0.2.5"),
                        dp::IpProtocol::udp, 0x1234};
  EXPECT_EQ(ip_header_size(fields.from), room.size());
  write_ip_header(room, fields, 100);
  EXPECT_EQ(rte_raw_cksum(room.data(), room.size()), 0xffff);
  room[10] = room[11] = 0;
  EXPECT_EQ(room, (std::array<uint8_t, 20>{0x45, 0, 0,  120, 0x12, 0x34, 0,   0, 64, 17,
                                           0,    0, 10, 1,   2,    3,    192, 0, 2,  5}));
}

TEST(IpHeader, OfIpv6) {
  std::array<uint8_t, 41> room{};
  const IpFields fields{*dp::IpAddress::parse("2001:db8::1"), *dp::IpAddress::parse("fd00::2"),
                        dp::IpProtocol::icmpv6};
  EXPECT_EQ(ip_header_size(fields.from), 40u);
  write_ip_header(room, fields, 300);
  std::array<uint8_t, 41> wanted{0x60, 0, 0, 0, 300 >> 8, 300 & 0xff, 58, 64, 0x20, 1, 0xd, 0xb8};
  wanted[23] = 1;
  wanted[24] = 0xfd;
  wanted[39] = 2;
  EXPECT_EQ(room, wanted) << "and nothing behind it";
}

}  // namespace
}  // namespace culvert::load
