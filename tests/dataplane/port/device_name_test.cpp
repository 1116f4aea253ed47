// Device names and what is wrong with devices before DPDK sees them.
#include "dataplane/port/device_name.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

TEST(DeviceName, Parses) {
  EXPECT_EQ(parse_device_name("0000:18:00.0"), (DeviceName{true, "0000:18:00.0", ""}));
  EXPECT_EQ(parse_device_name("AF:00.1"), (DeviceName{true, "0000:af:00.1", ""}));
  const DeviceName d = parse_device_name("net_af_packet0,iface=veth0,qpairs=2");
  EXPECT_EQ(d, (DeviceName{false, "net_af_packet0", "iface=veth0,qpairs=2"}));
  EXPECT_EQ(d.argument("iface"), "veth0");
  EXPECT_EQ(d.argument("qpairs"), "2");
  EXPECT_EQ(d.argument("face"), std::nullopt);
  EXPECT_EQ(d.driver(), "net_af_packet");
}

TEST(DeviceName, Refuses) {
  for (const char* text :
       {"", "eth0", "net_", "00:18:00.0", "net_tap0;x", "0000:18:00:0", ",iface=a", "net tap"}) {
    EXPECT_THROW((void)parse_device_name(text), std::runtime_error) << text;
  }
}

TEST(DeviceName, Obstacles) {
  const auto why = [](const char* text) { return obstacle(parse_device_name(text)).value_or(""); };
  EXPECT_NE(why("ffff:1f:1f.7").find("no PCI device"), std::string::npos);
  EXPECT_NE(why("net_af_packet0").find("say which network interface"), std::string::npos);
  EXPECT_NE(why("net_pcap0,rx_pcap=/nonexistent.pcap").find("cannot be read"), std::string::npos);
  EXPECT_EQ(why("net_null0"), "");
  EXPECT_EQ(why("net_ring0"), "");
}

}  // namespace
}  // namespace culvert::dp
