#include "dataplane/dtls/input.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls {
namespace {

using namespace test;
using dp::test::kFarIp;

class DtlsInput : public testing::TestWithParam<const crypto::Suite*> {
 protected:
  DtlsInput() : client(rig.client(0, 0, 0, GetParam())) { rig.install(*client); }
  Rig rig;
  std::unique_ptr<Client> client;
};

TEST_P(DtlsInput, DataComesUpWithItsSession) {
  rig.land(*client, Rig::packet(*client, PacketType::data, "hello"));
  EXPECT_EQ(rig.up, std::vector<std::string>{"hello"});
  EXPECT_EQ(rig.up_from.at(0).v4, client->inner);
  const Told up = rig.expect(MessageKind::dtls_up);
  EXPECT_EQ(up.conn, client->rx);
  EXPECT_EQ(up.flow, client->flow);
  rig.land(*client, Rig::packet(*client, PacketType::data, std::string(1400, 'x')));
  EXPECT_FALSE(rig.told());  // once
  EXPECT_EQ(rig.up.at(1).size(), 1400u);
}

TEST_P(DtlsInput, SeveralRecordsShareADatagram) {
  std::string all;
  std::vector<std::string> expected;
  for (int i = 0; i < 14; ++i) {
    expected.push_back(std::string(1 + static_cast<size_t>(i), static_cast<char>('a' + i)));
    all += Rig::packet(*client, PacketType::data, expected.back());
  }
  rig.land(*client, all);
  EXPECT_EQ(rig.up, expected);
}

TEST_P(DtlsInput, MoreRecordsThanABurst) {
  std::vector<std::string> datagrams;
  std::vector<std::string> expected;
  for (int d = 0; d < 20; ++d) {
    std::string all;
    for (int i = 0; i < 10; ++i) {
      expected.push_back(std::to_string(d * 10 + i));
      all += Rig::packet(*client, PacketType::data, expected.back());
    }
    datagrams.push_back(all);
  }
  rig.land_burst(0, client->flow, datagrams);
  EXPECT_EQ(rig.up, expected);
}

TEST_P(DtlsInput, AnyOrderButEachOnce) {
  std::vector<std::string> records;
  for (int i = 0; i < 10; ++i)
    records.push_back(Rig::packet(*client, PacketType::data, std::to_string(i)));
  for (const int i : {3, 1, 9, 0, 2})
    rig.land(*client, records[static_cast<size_t>(i)]);
  EXPECT_EQ(rig.up, (std::vector<std::string>{"3", "1", "9", "0", "2"}));
  for (const int i : {3, 9, 0})
    rig.land(*client, records[static_cast<size_t>(i)]);
  EXPECT_EQ(rig.up.size(), 5u);
  EXPECT_EQ(rig.dropped(DropReason::dtls_replay), 3u);
  // Both copies in one burst.
  rig.land_burst(0, client->flow, {records[4], records[4]});
  EXPECT_EQ(rig.up.size(), 6u);
  EXPECT_EQ(rig.dropped(DropReason::dtls_replay), 4u);
  // Older than the window.
  client->sealing.sequence += 10'000;
  rig.land(*client, Rig::packet(*client, PacketType::data, "far"));
  rig.land(*client, records[5]);
  EXPECT_EQ(rig.up.back(), "far");
  EXPECT_EQ(rig.dropped(DropReason::dtls_replay), 5u);
}

TEST_P(DtlsInput, ForgeriesChangeNothing) {
  std::string record = Rig::packet(*client, PacketType::data, "good");
  for (const size_t at : {size_t{5}, size_t{10}, size_t{15}, record.size() - 1}) {
    std::string bad = record;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    rig.land(*client, bad);
  }
  // A forged number far ahead must not move the window.
  std::string ahead = record;
  ahead[7] = 1;
  rig.land(*client, ahead);
  EXPECT_TRUE(rig.up.empty());
  EXPECT_FALSE(rig.told());
  EXPECT_EQ(rig.dropped(DropReason::dtls_bad_tag), 5u);
  rig.land(*client, record);
  EXPECT_EQ(rig.up.size(), 1u);
}

TEST_P(DtlsInput, NamesWhatItDrops) {
  std::string record = Rig::packet(*client, PacketType::data, "good");
  const auto with = [&](size_t at, char value) {
    std::string r = record;
    r[at] = value;
    return r;
  };
  rig.land(*client, with(4, 2));  // epoch 2
  EXPECT_EQ(rig.dropped(DropReason::dtls_epoch), 1u);
  rig.land(*client, with(0, 24));  // a type that is none
  rig.land(*client, with(1, 3));   // TLS
  EXPECT_EQ(rig.dropped(DropReason::dtls_malformed), 2u);
  rig.land(*client, record.substr(0, record.size() - 1));
  rig.land(*client, record.substr(0, 12));
  rig.land(*client, "");
  EXPECT_EQ(rig.dropped(DropReason::dtls_short), 3u);
  rig.land(*client, record.substr(0, 11) + std::string("\0\x05", 2) + "short");
  EXPECT_EQ(rig.dropped(DropReason::dtls_malformed), 3u);
  rig.land(*client, with(4, 0));  // application data in the clear
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 1u);
  rig.land(*client, Rig::packet(*client, PacketType::compressed, "x"));
  EXPECT_EQ(rig.dropped(DropReason::svc_compressed), 1u);
  rig.land(*client, Rig::packet(*client, PacketType::terminate, "x"));
  rig.land(*client, Rig::packet(*client, static_cast<PacketType>(0x42), "x"));
  EXPECT_EQ(rig.dropped(DropReason::svc_unknown_type), 2u);
  rig.land(*client, Rig::record(*client, ContentType::application_data, ""));
  EXPECT_TRUE(rig.up.empty());
  rig.land(*client, record + "garbage behind it");
  EXPECT_EQ(rig.up.size(), 1u);
  EXPECT_EQ(rig.dropped(DropReason::dtls_malformed), 4u);
}

// The buffer of a datagram whose end was refused is the first that the next datagram's records get: by then what
// was good in it has been opened.
TEST_P(DtlsInput, AGoodRecordBeforeARefusedOneIsOpenedWhileItIsThere) {
  const crypto::Suite& suite = *GetParam();
  // What is authenticated before it is deciphered would not notice what became of it in between.
  const bool etm = suite.mac != crypto::Mac::aead && suite.version == crypto::Version::dtls12;
  auto other = rig.client(1, 0, 0, &suite, etm);
  rig.install(*other);
  const auto data = [&](char of) {
    return Rig::packet(*other, PacketType::data, std::string(600, of));
  };
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    rig.up.clear();
    const std::string first = data('a') + "junk", second = data('b') + data('c');
    rig.land_burst(other->worker, other->flow, {first, second, data('d') + "junk", data('e')});
    std::vector<std::string> wanted;
    for (const char of : std::string("abcde"))
      wanted.emplace_back(600, of);
    ASSERT_EQ(rig.up, wanted) << round;
  }
  EXPECT_EQ(rig.dropped(DropReason::dtls_malformed) + rig.dropped(DropReason::dtls_short),
            2u * kRounds);
}

TEST_P(DtlsInput, DpdComesBackWhole) {
  const std::string payload(1300, 'm');
  rig.land(*client, Rig::packet(*client, PacketType::dpd_request, payload));
  auto heard = rig.hear(*client);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].plaintext, "\x04" + payload);
  EXPECT_EQ(heard[0].flow, client->flow);
  EXPECT_EQ(heard[0].sequence, kFirst);
  rig.land(*client, Rig::packet(*client, PacketType::dpd_request));
  heard = rig.hear(*client);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].plaintext, "\x04");
  // With something behind it in the datagram.
  rig.land(*client, Rig::packet(*client, PacketType::dpd_request, "abc") +
                        Rig::packet(*client, PacketType::data, "def"));
  heard = rig.hear(*client);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].plaintext,
            "\x04"
            "abc");
  EXPECT_EQ(rig.up, std::vector<std::string>{"def"});
  rig.land(*client, Rig::packet(*client, PacketType::dpd_response));
  rig.land(*client, Rig::packet(*client, PacketType::keepalive));
  EXPECT_TRUE(rig.hear(*client).empty());
}

TEST_P(DtlsInput, DisconnectAndAlertsEndTheSide) {
  rig.land(*client, Rig::packet(*client, PacketType::disconnect,
                                "\xb0"
                                "bye"));
  (void)rig.expect(MessageKind::dtls_up);
  Told t = rig.expect(MessageKind::dtls_ended);
  EXPECT_EQ(t.reason, EndReason::client_disconnect);
  EXPECT_EQ(t.code, 0xb0);
  EXPECT_EQ(t.data, "bye");
  rig.land(*client, Rig::packet(*client, PacketType::data, "late"));
  EXPECT_TRUE(rig.up.empty());
  EXPECT_EQ(rig.dropped(DropReason::svc_deleting), 1u);
  rig.remove(*client);

  auto other = rig.client(1);
  rig.install(*other);
  rig.land(*other, Rig::record(*other, ContentType::alert, std::string("\x01\x5a", 2)));
  EXPECT_FALSE(rig.told());  // a warning
  // What follows a close_notify in the same burst is not taken any more.
  rig.land(*other, Rig::record(*other, ContentType::alert, std::string("\x01\x00", 2)) +
                       Rig::packet(*other, PacketType::data, "late"));
  t = rig.expect(MessageKind::dtls_ended);
  EXPECT_EQ(t.reason, EndReason::tls_alert);
  EXPECT_TRUE(rig.up.empty());
}

TEST_P(DtlsInput, HandshakesGoToControlAndDataNever) {
  const std::string hello(
      "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x03"
      "abc",
      16);
  const dp::Flow stranger = flow_from(kFarIp + 1, 1234);
  rig.land(0, stranger, hello);
  Told t = rig.expect(MessageKind::datagram);
  EXPECT_EQ(t.flow, stranger);
  EXPECT_EQ(t.data, hello);
  // The last flight of a handshake, with a record of the tunnel behind it.
  const std::string finished(
      "\x16\xfe\xfd\0\1\0\0\0\0\0\0\0\x03"
      "fin",
      16);
  rig.land(0, stranger, hello + finished + Rig::packet(*client, PacketType::data, "x"));
  t = rig.expect(MessageKind::datagram);
  EXPECT_EQ(t.data, hello + finished);
  // The same from a client that we know: it begins anew, or has lost our last flight.
  rig.land(*client, finished + Rig::packet(*client, PacketType::data, "y"));
  t = rig.expect(MessageKind::datagram);
  EXPECT_EQ(t.data, finished);
  EXPECT_EQ(rig.up, std::vector<std::string>{"y"});
  (void)rig.expect(MessageKind::dtls_up);
  // Garbage behind a hello: nothing of it.
  rig.land(0, stranger, hello + "garbage, garbage");
  EXPECT_FALSE(rig.told());
  // To a port or an address that takes no DTLS.
  dp::Flow elsewhere = stranger;
  elsewhere.local_port = 444;
  rig.land(0, elsewhere, hello);
  rig.land(0, elsewhere, Rig::packet(*client, PacketType::data, "x"));
  EXPECT_FALSE(rig.told());
  EXPECT_EQ(rig.dropped(DropReason::ip_protocol), 2u);
  // What is no DTLS there is no broken DTLS either.
  rig.land(0, elsewhere, "");
  rig.land(0, elsewhere, "garbage, garbage, garbage");
  EXPECT_EQ(rig.dropped(DropReason::ip_protocol), 4u);
  EXPECT_EQ(rig.dropped(DropReason::dtls_short), 0u);
}

TEST_P(DtlsInput, WrongChecksumKeepsAHandshakeOut) {
  const std::string hello(
      "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x03"
      "abc",
      16);
  auto bytes = rig.udp_packet(flow_from(kFarIp + 1, 1234), hello);
  bytes[26] = 0x12;
  bytes[27] = 0x34;
  dp::Batch batch;
  batch.push(rig.pool.packet(bytes));
  dp::meta(batch[0]).family = 4;
  dp::meta(batch[0]).l3_size = 20;
  input(rig.w[0]->context, batch, Steering::by_port, rig.now);
  EXPECT_FALSE(rig.told());
  EXPECT_EQ(rig.dropped(DropReason::dtls_malformed), 1u);
}

TEST_P(DtlsInput, HandshakesAreLimitedByRateAndByMessages) {
  const std::string hello(
      "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x03"
      "\x01"
      "bc",
      16);
  for (uint16_t i = 0; i < 100; ++i)
    rig.land(0, flow_from(kFarIp + 1, i), hello);
  EXPECT_EQ(rig.mailboxes[0]->in_use(), 16u);  // half of them stay for TCP
  EXPECT_EQ(rig.dropped(DropReason::dtls_punt_limit), 84u);
  unsigned passed = 0;
  for (uint16_t i = 0; i < 1000; ++i) {
    while (rig.told())
      ++passed;
    rig.land(0, flow_from(kFarIp + 1, i), hello);
  }
  EXPECT_LE(passed, 512u);
  while (rig.told())
    continue;
  // Hellos keep nobody from the end of a handshake.
  rig.land(0, flow_from(kFarIp + 1, 1), hello);
  EXPECT_FALSE(rig.told());
  std::string later = hello;
  later[13] = 16;  // ClientKeyExchange
  rig.land(0, flow_from(kFarIp + 1, 1), later);
  EXPECT_TRUE(rig.told());
  rig.now += dp::kSecond;
  while (rig.told())
    continue;
  rig.land(0, flow_from(kFarIp + 1, 1), hello);
  EXPECT_TRUE(rig.told());
}

TEST_P(DtlsInput, TotalsAreRight) {
  rig.land(*client, Rig::packet(*client, PacketType::data, std::string(100, 'x')));
  rig.land(*client, Rig::packet(*client, PacketType::keepalive));
  rig.land(*client, Rig::packet(*client, PacketType::compressed));
  (void)rig.expect(MessageKind::dtls_up);
  rig.tell(0, MessageKind::remove_dtls, [&](dp::Message& m) {
    m.side = DtlsSide::receive;
    m.conn = client->rx;
  });
  const Told t = rig.expect(MessageKind::dtls_removed);
  EXPECT_EQ(t.totals.rx_packets, 1u);
  EXPECT_EQ(t.totals.rx_bytes, 100u);
  EXPECT_EQ(t.totals.rx_records, 3u);
  EXPECT_EQ(t.totals.rx_dropped, 1u);
  // What still comes has no tunnel any more.
  rig.land(*client, Rig::packet(*client, PacketType::data, "late"));
  EXPECT_EQ(rig.dropped(DropReason::dtls_unknown), 1u);
}

TEST_P(DtlsInput, ShortOrLyingDatagrams) {
  const auto feed = [&](dp::test::Bytes bytes) {
    dp::Batch batch;
    batch.push(rig.pool.packet(bytes, 16));
    dp::meta(batch[0]).family = 4;
    dp::meta(batch[0]).l3_size = 20;
    input(rig.w[0]->context, batch, Steering::by_port, rig.now);
    rig.pump();
  };
  auto good = rig.udp_packet(client->flow, Rig::packet(*client, PacketType::data, "good"));
  auto bytes = good;
  bytes.resize(27);
  feed(bytes);
  bytes = good;
  bytes[25] = static_cast<uint8_t>(bytes[25] + 1);  // longer than the packet
  feed(bytes);
  bytes[24] = 0;
  bytes[25] = 7;  // shorter than its header
  feed(bytes);
  EXPECT_EQ(rig.dropped(DropReason::dtls_short), 3u);
  bytes[23] = 99;  // port 443 no more
  feed(bytes);
  bytes.resize(23);  // nobody knows for which port
  feed(bytes);
  EXPECT_EQ(rig.dropped(DropReason::ip_protocol), 2u);
  EXPECT_EQ(rig.dropped(DropReason::dtls_short), 3u);
  feed(good);  // in many segments
  EXPECT_EQ(rig.up, std::vector<std::string>{"good"});
}

INSTANTIATE_TEST_SUITE_P(Suites, DtlsInput,
                         testing::Values(crypto::find_suite(crypto::Version::dtls12, 0x00a8),
                                         crypto::find_suite(crypto::Version::dtls12, 0x00a9),
                                         crypto::find_suite(crypto::Version::dtls12, 0xccab),
                                         crypto::find_suite(crypto::Version::dtls12, 0x008c),
                                         crypto::find_suite(crypto::Version::dtls12, 0x00ae),
                                         crypto::find_suite(crypto::Version::dtls12, 0x00af),
                                         crypto::find_suite(crypto::Version::dtls09, 0x0035)),
                         [](const auto& suite) {
                           std::string name(suite.param->name);
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace culvert::dtls
