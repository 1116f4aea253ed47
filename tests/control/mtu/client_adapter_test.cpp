#include "control/mtu/client_adapter.hpp"

#include <gtest/gtest.h>

namespace culvert::control {
namespace {

constexpr std::string_view kAnyConnect = "Cisco AnyConnect VPN Agent for Windows 4.10.07073";
constexpr std::string_view kOpenconnect = "Open AnyConnect VPN Agent v9.01-3";

TEST(ClientAdapter, OpenconnectTakesTheLarger) {
  EXPECT_EQ(adapter_mtu({kOpenconnect, 1347, 1418}), 1418u);
  EXPECT_EQ(adapter_mtu({kOpenconnect, 1427, 1418}), 1427u);
  EXPECT_EQ(adapter_mtu({kOpenconnect, 1347, 1418, true}), 1418u);
  EXPECT_EQ(adapter_mtu({"AnyConnect-compatible OpenConnect VPN Agent v9.12", 1427, 1418}), 1427u);
}

TEST(ClientAdapter, AnyConnectTakesThatOfDtlsUntilItHasFailed) {
  EXPECT_EQ(adapter_mtu({kAnyConnect, 1347, 1418}), 1418u);
  // `sysopt connection tcpmss 1460`
  EXPECT_EQ(adapter_mtu({kAnyConnect, 1427, 1418}), 1418u);
  EXPECT_EQ(adapter_mtu({kAnyConnect, 1347, 1418, true}), 1347u);
  EXPECT_EQ(adapter_mtu({kAnyConnect, 1427, 1418, true}), 1427u);
  EXPECT_EQ(adapter_mtu({"", 1427, 1418}), 1418u);
}

TEST(ClientAdapter, WithoutDtlsThereIsOneMtu) {
  EXPECT_EQ(adapter_mtu({kAnyConnect, 1347, 0}), 1347u);
  EXPECT_EQ(adapter_mtu({kOpenconnect, 1347, 0}), 1347u);
}

}  // namespace
}  // namespace culvert::control
