// Requests as a host inside gets them, and answers whole, broken and foreign.
#include "tools/load/echo.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rte_ip.h>

#include "tools/load/ledger.hpp"

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

// What the host inside makes of it; it leaves the checksums alone, which nobody reads here.
std::vector<uint8_t> answered(std::vector<uint8_t> packet, bool v6) {
  const size_t first = v6 ? 8 : 12, size = v6 ? 16 : 4;
  std::swap_ranges(packet.begin() + static_cast<ptrdiff_t>(first),
                   packet.begin() + static_cast<ptrdiff_t>(first + size),
                   packet.begin() + static_cast<ptrdiff_t>(first + size));
  packet[v6 ? 40 : 20] = v6 ? 129 : 0;
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

TEST(Ledger, CountsAnswersOnceAndWhatIsMissing) {
  Ledger ledger(2);
  std::vector<EchoMark> marks;
  for (int i = 0; i < 200; ++i) {
    marks.push_back(ledger.next(1, 1000));
    ledger.sent(1);
  }
  std::swap(marks[50], marks[100]);
  for (size_t i = 0; i < marks.size(); ++i) {
    if (i == 7 || i == 8) continue;
    EXPECT_EQ(ledger.answered(marks[i]), Answer::first) << i;
    EXPECT_EQ(ledger.answered(marks[i]), Answer::again) << i;
  }
  EXPECT_EQ(ledger.totals().sent, 200u);
  EXPECT_EQ(ledger.totals().answered, 198u);
  EXPECT_EQ(ledger.totals().again, 198u);
  EXPECT_EQ(ledger.totals().missing(), 2u);
}

TEST(Ledger, WhatADisturbanceTakesIsNotLost) {
  Ledger ledger(1);
  const EchoMark before = ledger.next(0, 1);
  ledger.sent(0);
  ledger.interrupt(0);
  const EchoMark not_sent = ledger.next(0, 2);
  const EchoMark second = ledger.next(0, 3);
  ledger.sent(0);
  EXPECT_EQ(ledger.answered(before), Answer::late);
  EXPECT_EQ(ledger.answered(second), Answer::first);
  EXPECT_EQ(ledger.totals().interrupted, 1u);
  EXPECT_EQ(ledger.totals().late, 1u);
  EXPECT_EQ(ledger.totals().missing(), 0u);
  EXPECT_EQ(not_sent.number + 1, second.number);
}

TEST(Ledger, AMarkOfNobodyIsLate) {
  Ledger ledger(1);
  EXPECT_EQ(ledger.answered({.member = 5}), Answer::late);
}

}  // namespace
}  // namespace culvert::load
