// The interface table.
#include "dataplane/port/interface.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace culvert::dp {
namespace {

Interface interface(uint32_t ip, uint8_t prefix, uint16_t port) {
  Interface i;
  i.ipv4 = ip;
  i.prefix = prefix;
  i.port = port;
  i.nameif = "if" + std::to_string(port);
  return i;
}

TEST(InterfaceTable, FindsByPortAndAddress) {
  InterfaceTable table;
  EXPECT_EQ(table.add(interface(0xc0000201, 24, 3)), 0);
  EXPECT_EQ(table.add(interface(0, 0, 5)), 1);
  EXPECT_EQ(table.by_port(3), &table[0]);
  EXPECT_EQ(table.by_port(4), nullptr);
  EXPECT_EQ(table.by_port(60000), nullptr);
  EXPECT_EQ(table.by_address(0xc0000201), &table[0]);
  EXPECT_EQ(table.by_address(0), nullptr);
  EXPECT_TRUE(table[0].on_link(0xc00002fe));
  EXPECT_FALSE(table[0].on_link(0xc0000301));
  EXPECT_FALSE(table[1].on_link(0xc0000301));
  EXPECT_EQ(table[0].ipv4_broadcast(), 0xc00002ffU);
  EXPECT_EQ(interface(0xc0000201, 31, 0).ipv4_broadcast(), 0U);
}

TEST(InterfaceTable, PortOfTheFirstInterfaceOutsideASet) {
  InterfaceTable table;
  table.add(interface(0xc0000201, 24, 7));
  table.add(interface(0x0a000001, 8, 5));
  EXPECT_EQ(table.port_outside(0), 7);
  EXPECT_EQ(table.port_outside(1), 5);
  EXPECT_EQ(table.port_outside(2), 7);
  EXPECT_EQ(table.port_outside(3), 7);
}

TEST(InterfaceTable, Refuses) {
  InterfaceTable table;
  table.add(interface(0xc0000201, 24, 0));
  for (const Interface& bad :
       {interface(0x0a000001, 8, 0), interface(0x0a000000, 8, 1), interface(0x0affffff, 8, 1),
        interface(0x7f000001, 8, 1), interface(0xe0000001, 8, 1), interface(0xc0000281, 25, 1),
        interface(0x0a000001, 33, 1), interface(0x0a000001, 8, 64)}) {
    EXPECT_THROW(table.add(bad), std::runtime_error) << std::hex << bad.ipv4;
  }
  EXPECT_EQ(table.add(interface(0x0a000000, 31, 1)), 1) << "RFC 3021";
  for (uint16_t port = 2; port < kMaxInterfaces; ++port)
    table.add(interface(0, 0, port));
  EXPECT_THROW(table.add(interface(0, 0, 40)), std::runtime_error);
}

}  // namespace
}  // namespace culvert::dp
