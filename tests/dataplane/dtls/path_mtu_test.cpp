// What the receive side learns of the path: from routers, and from the client's probes.
#include "dataplane/dtls/path_mtu.hpp"

#include <gtest/gtest.h>

#include "tests/dataplane/dtls/rig.hpp"

namespace culvert::dtls {
namespace {

using namespace test;

class DtlsPathMtu : public testing::Test {
 protected:
  // Received on worker 1, at home on worker 0.
  DtlsPathMtu() : rig(2), c(rig.client(0, 1, 0)) {
    rig.install(*c);
    rig.land(*c, Rig::packet(*c, PacketType::keepalive));
    (void)rig.expect(MessageKind::dtls_up, 1);
  }
  DropReason report(unsigned worker, uint16_t mtu, const dp::Flow& flow) {
    dp::PathReport r;
    r.flow = flow;
    r.protocol = dp::IpProtocol::udp;
    r.mtu = mtu;
    const DropReason reason = path_report(rig.w[worker]->context, r, rig.now);
    rig.pump();
    return reason;
  }
  DropReason report(uint16_t mtu) { return report(1, mtu, c->flow); }
  void probe(size_t size) {
    rig.land(*c, Rig::packet(*c, PacketType::dpd_request, std::string(size, 'p')));
    const auto heard = rig.hear(*c);
    ASSERT_EQ(heard.size(), 1u);  // echoed whole
    EXPECT_EQ(heard[0].plaintext.size(), size + 1);
  }
  void expect_told(uint16_t path_mtu, uint16_t largest_probe) {
    const Told t = rig.expect(MessageKind::dtls_path, 1);
    EXPECT_EQ(t.conn, c->rx);
    EXPECT_EQ(t.path_mtu, path_mtu);
    EXPECT_EQ(t.largest_probe, largest_probe);
    EXPECT_FALSE(rig.told(1));
  }

  Rig rig;
  std::unique_ptr<Client> c;
};

TEST_F(DtlsPathMtu, RoutersLowerAndNeverRaise) {
  EXPECT_EQ(report(1400), DropReason::count_);
  expect_told(1400, 0);
  for (const uint16_t mtu : std::initializer_list<uint16_t>{1400, 1401, 1500, 9000})
    EXPECT_EQ(report(mtu), DropReason::icmp_mtu_ignored);
  EXPECT_FALSE(rig.told(1));
  EXPECT_EQ(report(1280), DropReason::count_);
  expect_told(1280, 0);
}

TEST_F(DtlsPathMtu, AReportCountsForTenMinutes) {
  EXPECT_EQ(report(1400), DropReason::count_);
  expect_told(1400, 0);
  rig.pass(599 * dp::kSecond, dp::kSecond);
  EXPECT_FALSE(rig.told(1));
  rig.pass(3 * dp::kSecond, dp::kSecond);
  expect_told(0, 0);
  EXPECT_EQ(report(1400), DropReason::count_);
  expect_told(1400, 0);
}

TEST_F(DtlsPathMtu, OnlyOfALiveFlowOfThisWorker) {
  dp::Flow other = c->flow;
  other.remote_port++;
  EXPECT_EQ(report(1, 1400, other), DropReason::icmp_no_flow);
  EXPECT_EQ(report(0, 1400, c->flow), DropReason::icmp_no_flow);
  rig.remove(*c);
  EXPECT_EQ(report(1400), DropReason::icmp_no_flow);
}

TEST_F(DtlsPathMtu, TheFirstDataEndsTheClientsSearch) {
  for (const size_t size : std::initializer_list<size_t>{997, 1208, 1313, 1261, 1300})
    probe(size);
  EXPECT_FALSE(rig.told(1));
  rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
  expect_told(0, 1313);
  // What comes through counts, whenever it does; what is smaller says nothing.
  probe(1000);
  EXPECT_FALSE(rig.told(1));
  probe(1400);
  expect_told(0, 1400);
}

TEST_F(DtlsPathMtu, SilenceEndsItToo) {
  probe(997);
  rig.pass(4 * dp::kSecond);
  probe(1208);
  rig.pass(4 * dp::kSecond);
  EXPECT_FALSE(rig.told(1));
  rig.pass(2 * dp::kSecond);
  expect_told(0, 1208);
}

TEST_F(DtlsPathMtu, OrdinaryRequestsAreNoProbes) {
  probe(0);
  probe(kLeastProbe - 1);
  rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
  rig.pass(10 * dp::kSecond);
  EXPECT_FALSE(rig.told(1));
}

// A record that is not authentic says nothing, however large.
TEST_F(DtlsPathMtu, ForgedProbesCountForNothing) {
  std::string record = Rig::packet(*c, PacketType::dpd_request, std::string(1400, 'p'));
  record.back() = static_cast<char>(record.back() ^ 1);
  rig.land(*c, record);
  rig.pass(10 * dp::kSecond);
  EXPECT_FALSE(rig.told(1));
}

TEST_F(DtlsPathMtu, BothAreToldTogether) {
  probe(1313);
  EXPECT_EQ(report(1400), DropReason::count_);
  expect_told(1400, 0);  // the search is not over
  rig.land(*c, Rig::packet(*c, PacketType::data, "x"));
  expect_told(1400, 1313);
}

}  // namespace
}  // namespace culvert::dtls
