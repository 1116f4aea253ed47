// Requests as a host inside gets them, and answers whole, broken and foreign.
#include "tools/load/echo.hpp"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <rte_ip.h>

#include "tests/tools/load/answered.hpp"

namespace culvert::load {
namespace {

const auto kInner = *dp::IpAddress::parse("10.10.10.7"),
           kServer = *dp::IpAddress::parse("10.48.66.200");
const auto kInner6 = *dp::IpAddress::parse("fd00:10:10::7"),
           kServer6 = *dp::IpAddress::parse("fd00:48:66::200");
const EchoMark kMark{.member = 70'001, .epoch = 3, .number = 90'002, .sent = 123'456'789};

std::vector<uint8_t> request(size_t size, bool v6) {
  std::vector<uint8_t> packet(size);
  write_echo(packet, v6 ? kInner6 : kInner, v6 ? kServer6 : kServer, kMark);
  return packet;
}

class Echo : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Families, Echo, testing::Values(false, true));

TEST_P(Echo, HasRightChecksums) {
  for (const size_t size : {size_t{smallest_echo(GetParam())}, size_t{101}, size_t{1400}}) {
    const auto packet = request(size, GetParam());
    if (GetParam()) {
      rte_ipv6_hdr header{};
      std::memcpy(&header, packet.data(), sizeof(header));
      const uint32_t sum =
          uint32_t{rte_ipv6_phdr_cksum(&header, 0)} + rte_raw_cksum(packet.data() + 40, size - 40);
      EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffu) << size;
    } else {
      EXPECT_EQ(rte_raw_cksum(packet.data(), 20), 0xffff) << size;
      EXPECT_EQ(rte_raw_cksum(packet.data() + 20, size - 20), 0xffff) << size;
    }
  }
}

TEST_P(Echo, AnAnswerIsRecognised) {
  for (const size_t size : {size_t{smallest_echo(GetParam())}, size_t{101}, size_t{1400}}) {
    const auto reply = read_echo_reply(answered(request(size, GetParam()), GetParam()),
                                       GetParam() ? kServer6 : kServer);
    EXPECT_EQ(reply.verdict, EchoVerdict::intact) << size;
    EXPECT_EQ(reply.mark.member, kMark.member);
    EXPECT_EQ(reply.mark.epoch, kMark.epoch);
    EXPECT_EQ(reply.mark.number, kMark.number);
    EXPECT_EQ(reply.mark.sent, kMark.sent);
  }
}

TEST_P(Echo, EachChangedByteOfTheDataIsSeen) {
  const auto good = answered(request(100, GetParam()), GetParam());
  const size_t data = smallest_echo(GetParam());
  for (size_t at = data; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    EXPECT_EQ(read_echo_reply(bad, GetParam() ? kServer6 : kServer).verdict, EchoVerdict::damaged)
        << at;
  }
}

// Also of the smallest packet, which has nothing behind its mark.
TEST_P(Echo, EachChangedByteOfTheMarkIsSeen) {
  for (const size_t size : {size_t{smallest_echo(GetParam())}, size_t{100}}) {
    const auto good = answered(request(size, GetParam()), GetParam());
    const size_t end = smallest_echo(GetParam()), magic = 4, mark = 24;
    for (size_t at = end - mark + magic; at < end; ++at) {
      auto bad = good;
      bad[at] ^= 1;
      EXPECT_EQ(read_echo_reply(bad, GetParam() ? kServer6 : kServer).verdict, EchoVerdict::damaged)
          << at << " of " << size;
    }
  }
}

TEST_P(Echo, OtherPacketsAreForeign) {
  const bool v6 = GetParam();
  const auto from = v6 ? kServer6 : kServer;
  const auto good = answered(request(100, v6), v6);
  EXPECT_EQ(read_echo_reply(request(100, v6), from).verdict, EchoVerdict::foreign) << "a request";
  EXPECT_EQ(read_echo_reply(good, v6 ? kServer : kServer6).verdict, EchoVerdict::foreign);
  EXPECT_EQ(read_echo_reply(good, v6 ? kInner6 : kInner).verdict, EchoVerdict::foreign);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(read_echo_reply({good.data(), size}, from).verdict, EchoVerdict::foreign) << size;
  }
}

}  // namespace
}  // namespace culvert::load
