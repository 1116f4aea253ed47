#include "dataplane/cstp/input.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/dataplane/cstp/dialogue.hpp"

namespace culvert::cstp::test {
namespace {

using tcp::test::pattern;

class Input : public testing::TestWithParam<const crypto::Suite*> {
 protected:
  Input() : d(*GetParam()) { counters = d.promote().counters; }
  std::string data(std::string_view payload) { return d.sealed_packet(PacketType::data, payload); }
  void expect_end(EndReason reason, DropReason drop, uint8_t alert) {
    EXPECT_EQ(d.expect(MessageKind::ended).reason, reason);
    EXPECT_EQ(d.dropped(drop), 1u);
    const auto records = d.hear_records();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_TRUE(records[0].is_alert(alert));
    EXPECT_EQ(records[0].plaintext[0], 2);
    EXPECT_TRUE(d.heard_fin);
  }
  Dialogue d;
  const dp::TunnelCounters* counters;
};

std::vector<const crypto::Suite*> all_suites() {
  std::vector<const crypto::Suite*> out;
  for (const auto& s : crypto::tls_suites())
    out.push_back(&s);
  return out;
}
INSTANTIATE_TEST_SUITE_P(Suites, Input, testing::ValuesIn(all_suites()), [](const auto& i) {
  std::string name(i.param->name);
  std::erase_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
  return name;
});

TEST_P(Input, OneRecordASegmentIsOpenedWhereItLies) {
  const unsigned before = rte_mempool_avail_count(tcp::test::test_pool());
  for (int i = 0; i < 100; ++i) {
    const std::string p = pattern(300 + static_cast<size_t>(i) * 10, static_cast<size_t>(i));
    d.say(data(p), 1460);
    ASSERT_EQ(d.up.size(), static_cast<size_t>(i) + 1);
    EXPECT_EQ(d.up.back(), p);
  }
  (void)d.hear();
  EXPECT_EQ(rte_mempool_avail_count(tcp::test::test_pool()), before);
  EXPECT_EQ(counters->rx_packets.load(), 100u);
  EXPECT_EQ(counters->rx_records.load(), 100u);
}

TEST_P(Input, ManyRecordsInOneSegment) {
  std::string segment;
  std::vector<std::string> packets;
  while (segment.size() < 1300) {
    packets.push_back(pattern(20 + packets.size(), packets.size()));
    segment += data(packets.back());
  }
  d.say(segment, 1460);
  EXPECT_EQ(d.up, packets);
}

TEST_P(Input, MoreRecordsThanABurstHolds) {
  std::string stream;
  std::vector<std::string> packets;
  for (size_t i = 0; i < 3 * dp::kBurst + 5; ++i) {
    packets.push_back(pattern(40, i));
    stream += data(packets.back());
  }
  d.say(stream, 1000);
  EXPECT_EQ(d.up, packets);
}

TEST_P(Input, RecordsThatStraddleSegmentsAtEveryOffset) {
  const size_t size = 100 + kHeaderSize + crypto::record::overhead(*GetParam()).total();
  for (size_t cut = 1; cut < 2 * size; ++cut) {
    const std::string a = pattern(100, cut), b = pattern(100, cut + 1), c = pattern(100, cut + 2);
    const std::string stream = join({data(a), data(b), data(c)});
    const bool apart = cut % 2 == 0;  // with and without a look between the two
    d.queue(stream.substr(0, cut));
    if (apart) d.pump();
    d.queue(stream.substr(cut));
    d.pump();
    ASSERT_EQ(d.up, (std::vector<std::string>{a, b, c})) << cut;
    d.up.clear();
    (void)d.hear();
  }
}

TEST_P(Input, RandomRecordsInRandomSegments) {
  std::mt19937 random(7);
  std::vector<std::string> packets;
  for (int round = 0; round < 60; ++round) {
    std::string stream;
    for (size_t n = random() % 20; n > 0; --n) {
      packets.push_back(pattern(1 + random() % 1500, packets.size()));
      stream += data(packets.back());
    }
    while (!stream.empty()) {
      const size_t part = 1 + random() % 1460;
      d.queue(std::string_view(stream).substr(0, part), 1460);
      stream.erase(0, part);
      if (random() % 2) d.pump();
    }
    d.pump();
    (void)d.hear();
    ASSERT_EQ(d.up.size(), packets.size());
  }
  EXPECT_EQ(d.up, packets);
  EXPECT_EQ(counters->rx_records.load(), packets.size());
}

TEST_P(Input, PayloadsOfEverySize) {
  uint64_t too_large = 0, bytes = 0;
  for (size_t size = 1; size <= 16'384; size += size < 2100 ? 7 : 501) {
    const std::string plain = pattern(size);
    const std::string record = d.seal(
        ContentType::application_data,
        size < kHeaderSize ? framed(PacketType::keepalive, {})
                           : framed(PacketType::data, std::string_view(plain).substr(kHeaderSize)));
    d.say(record);
    if (size < kHeaderSize) continue;
    if (record.size() <= RTE_MBUF_DEFAULT_DATAROOM) {
      ASSERT_FALSE(d.up.empty()) << size;
      ASSERT_EQ(d.up.back(), plain.substr(kHeaderSize)) << size;
      bytes += size - kHeaderSize;
    } else {
      ++too_large;
    }
    ASSERT_EQ(d.dropped(DropReason::svc_bad_length), too_large) << size;
    (void)d.hear();
  }
  EXPECT_GT(too_large, 0u);
  EXPECT_EQ(counters->rx_bytes.load(), bytes);
  EXPECT_FALSE(d.told());
}

TEST_P(Input, AnEmptyRecordMeansNothing) {
  d.say(join({d.seal(ContentType::application_data, {}), data("x")}));
  EXPECT_EQ(d.up, std::vector<std::string>{"x"});
  EXPECT_EQ(counters->rx_records.load(), 2u);
}

TEST_P(Input, AGatheredTunnelMayComeTwiceInABurst) {
  const std::string stream = join({data("one"), data("two"), data("three")});
  const size_t two = stream.size() * 2 / 3 - 3;
  d.queue(stream.substr(0, two));
  struct Sink {
    std::vector<std::string> packets;
    static void take(void* self, dp::Batch& b) {
      for (rte_mbuf* m : b) {
        static_cast<Sink*>(self)->packets.emplace_back(rte_pktmbuf_mtod(m, const char*),
                                                       m->data_len);
        rte_pktmbuf_free(m);
      }
      b.clear();
    }
  } taken;
  dp::Batch batch;
  const dp::BatchSink sink{Sink::take, &taken, &batch};
  OpenBurst burst(d.context);
  burst.gather(d.tunnel(), sink, d.wire.now);
  d.queue(stream.substr(two));
  burst.gather(d.tunnel(), sink, d.wire.now);
  burst.gather(d.tunnel(), sink, d.wire.now);
  burst.finish(sink, d.wire.now);
  Sink::take(&taken, batch);
  EXPECT_EQ(taken.packets, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(d.tunnel().gathered, 0u);
  EXPECT_EQ(d.wire.endpoint->readable(d.conn), 0u);
}

TEST_P(Input, WithoutBuffersRecordsWaitInTheStream) {
  const std::string stream = join({data("one"), data("two"), data("three")});
  d.queue(stream);
  EmptyPool empty(1);
  d.pump();
  EXPECT_EQ(d.up, (std::vector<std::string>{"one"}));
  d.pump();
  EXPECT_EQ(d.up, (std::vector<std::string>{"one", "two"}));
  empty.release();
  d.pump();
  EXPECT_EQ(d.up, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_TRUE(d.tunnels.owing.empty());
}

TEST_P(Input, AFinBehindRecordsThatWaitComesAfterThem) {
  const std::string stream = join({data("one"), data("two")});
  d.queue(stream);
  d.peer.give(d.sent, {}, d.acked, tcp::test::kFin | tcp::test::kAck);
  ++d.sent;
  EmptyPool empty(0);
  d.pump();
  EXPECT_TRUE(d.up.empty());
  EXPECT_FALSE(d.told());
  empty.release();
  d.pump();
  EXPECT_EQ(d.up, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(d.expect(MessageKind::ended).reason, EndReason::peer_closed);
}

TEST_P(Input, FinWithDataAndFinWithinARecord) {
  for (const bool cut : {false, true}) {
    Dialogue e(*GetParam());
    e.promote();
    std::string last = e.sealed_packet(PacketType::data, "last");
    std::string more = e.sealed_packet(PacketType::data, "never whole");
    e.fin(cut ? last + more.substr(0, more.size() - 1) : last);
    EXPECT_EQ(e.up, std::vector<std::string>{"last"});
    const Told ended = e.expect(MessageKind::ended);
    EXPECT_EQ(ended.reason, EndReason::peer_closed);
    EXPECT_EQ(ended.totals.rx_packets, 1u);
    (void)e.hear();
    EXPECT_TRUE(e.heard_fin);
  }
}

TEST_P(Input, AForgedRecordEndsTheTunnelAndWhatFollowsIsDropped) {
  const std::string good = data("good");
  std::string bad = data("bad");
  bad[bad.size() - 1] ^= 1;
  d.say(join({good, bad, data("after"), data("after")}));
  EXPECT_EQ(d.up, std::vector<std::string>{"good"});
  EXPECT_EQ(d.dropped(DropReason::svc_deleting), 2u);
  expect_end(EndReason::bad_record, DropReason::tls_decrypt, kAlertBadRecordMac);
  EXPECT_EQ(counters->rx_records.load(), 1u);
  d.say("more noise, nobody reads it");
  EXPECT_FALSE(d.told());
}

TEST_P(Input, AMalformedHeaderBehindAGoodRecord) {
  d.say(data("good") + std::string("\x17\x02\x03\x00\x20", 5));
  EXPECT_EQ(d.up, std::vector<std::string>{"good"});
  expect_end(EndReason::bad_record, DropReason::tls_bad_record, kAlertUnexpectedMessage);
}

TEST_P(Input, ARecordTooShortToBeOne) {
  d.say(std::string("\x17\x03\x03\x00\x0f", 5) + std::string(15, 'x'));
  expect_end(EndReason::bad_record, DropReason::tls_bad_record, kAlertUnexpectedMessage);
}

TEST_P(Input, ARecordThatIsTooLong) {
  std::string record("\x17\x03\x03\x48\x00", 5);
  record += std::string(0x4800, 'x');
  d.say(record);
  expect_end(EndReason::bad_record, DropReason::tls_bad_record, kAlertRecordOverflow);
}

TEST_P(Input, BadFramingEndsTheTunnel) {
  d.say(join({d.seal(ContentType::application_data, "STF"), data("after")}));
  expect_end(EndReason::bad_framing, DropReason::svc_bad_framing, kAlertUnexpectedMessage);
  Dialogue e(*GetParam());
  e.promote();
  std::string packet = framed(PacketType::data, "x");
  packet[7] = 1;
  e.say(e.seal(ContentType::application_data, packet));
  EXPECT_EQ(e.expect(MessageKind::ended).reason, EndReason::bad_framing);
}

TEST_P(Input, WhatIsOnlyOddIsDroppedByName) {
  std::string wrong = framed(PacketType::data, "12345");
  wrong[5] = 4;
  d.say(d.seal(ContentType::application_data, wrong));
  EXPECT_EQ(d.dropped(DropReason::svc_bad_length), 1u);
  d.say(d.sealed_packet(PacketType::compressed, "x"));
  EXPECT_EQ(d.dropped(DropReason::svc_compressed), 1u);
  for (const int type : {1, 2, 6, 9, 10, 255})
    d.say(d.sealed_packet(static_cast<PacketType>(type), "x"));
  EXPECT_EQ(d.dropped(DropReason::svc_unknown_type), 6u);
  EXPECT_EQ(counters->rx_dropped.load(), 8u);
  d.say(data("still here"));
  EXPECT_EQ(d.up, std::vector<std::string>{"still here"});
  EXPECT_FALSE(d.told());
}

TEST_P(Input, DisconnectCarriesReasonAndText) {
  d.say(join({d.sealed_packet(PacketType::disconnect,
                              "\xb0"
                              "Aborted by caller"),
              data("after")}));
  const Told t = d.expect(MessageKind::ended);
  EXPECT_EQ(t.reason, EndReason::client_disconnect);
  EXPECT_EQ(t.code, kReasonUser);
  EXPECT_EQ(t.data, "Aborted by caller");
  EXPECT_EQ(d.dropped(DropReason::svc_deleting), 1u);
  (void)d.hear();
  EXPECT_TRUE(d.heard_fin);
  for (const auto& [payload, code, text] :
       {std::tuple<std::string, uint8_t, std::string>{"", kReasonUser, ""},
        {"\xd1", kReasonPause, ""},
        {"\x91" + std::string(500, 'x'), kReasonReconnecting, std::string(64, 'x')}}) {
    Dialogue e(*GetParam());
    e.promote();
    e.say(e.sealed_packet(PacketType::disconnect, payload));
    const Told ended = e.expect(MessageKind::ended);
    EXPECT_EQ(ended.code, code);
    EXPECT_EQ(ended.data, text);
  }
}

TEST_P(Input, Alerts) {
  const bool tls13 = GetParam()->version == crypto::Version::tls13;
  struct Row {
    std::string alert;
    bool ends, answered;
  };
  for (const Row& row :
       {Row{{1, 0}, true, true}, Row{{2, 0}, true, true}, Row{{2, 20}, true, false},
        Row{{2, 90}, !tls13, false}, Row{{1, 90}, false, false}, Row{{1, 100}, tls13, false},
        Row{{1}, true, false}, Row{{1, 90, 1}, true, false}}) {
    Dialogue e(*GetParam());
    e.promote();
    e.say(e.seal(ContentType::alert, row.alert));
    const auto t = e.told();
    ASSERT_EQ(t.has_value(), row.ends) << static_cast<int>(row.alert.back());
    const auto records = e.hear_records();
    ASSERT_EQ(records.size(), row.answered ? 1u : 0u);
    if (row.answered) {
      EXPECT_TRUE(records[0].is_alert(0));
    }
    if (t) {
      EXPECT_EQ(t->reason, EndReason::tls_alert);
      EXPECT_EQ(t->code, row.alert.size() == 2 ? static_cast<uint8_t>(row.alert[1]) : 0);
      EXPECT_TRUE(e.heard_fin);
    }
  }
}

}  // namespace
}  // namespace culvert::cstp::test
