// A running system made of what a test puts into it.
#pragma once

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "control/config/parse.hpp"
#include "control/show/snapshot.hpp"

namespace culvert::control {

class FakeState : public StateSource {
 public:
  FakeState() {
    setenv("TZ", "UTC", 1);
    tzset();
    the_config = default_config();
  }

  Time the_time =
      std::chrono::system_clock::from_time_t(1584482889);  // 22:08:09 UTC Tue Mar 17 2020
  Config the_config;
  std::vector<SessionView> the_sessions;
  SessionSummary the_summary;
  DropState the_drops;
  std::vector<SocketView> the_sockets;
  std::vector<InterfaceView> the_interfaces;
  VersionView the_version;
  LogView the_log;
  std::vector<ArpView> the_arp;
  std::vector<NeighbourView> the_neighbours6;
  std::vector<RouteView> the_routes;
  std::vector<WorkerView> the_workers;
  std::vector<CarriedTunnelView> the_tunnels;
  ResourceView the_resources;
  std::vector<CounterView> the_tcp_counters;
  std::vector<CounterView> the_setup_counters;
  IcmpErrorsView the_icmp_errors;
  DebugLevels the_debug;
  Captures the_captures{{.attach = [] { return std::vector<dp::DropTap*>(); },
                         .detach = [] {},
                         .now = [] { return dp::Time{0}; },
                         .port_name = [](uint16_t) { return std::string(); }},
                        testing::TempDir() + "/captures"};
  ConfigChange the_change;
  std::string called;  // what was asked to be done

  Time now() const override { return the_time; }
  const Config& config() const override { return the_config; }
  std::vector<SessionView> sessions() const override { return the_sessions; }
  SessionSummary session_summary() const override { return the_summary; }
  DropState drops() const override { return the_drops; }
  std::vector<SocketView> sockets() const override { return the_sockets; }
  std::vector<InterfaceView> interfaces() const override { return the_interfaces; }
  VersionView version() const override { return the_version; }
  LogView log() const override { return the_log; }
  std::vector<ArpView> arp() const override { return the_arp; }
  std::vector<NeighbourView> neighbours6() const override { return the_neighbours6; }
  std::vector<RouteView> routes() const override { return the_routes; }
  std::vector<WorkerView> workers() const override { return the_workers; }
  std::vector<CarriedTunnelView> carried_tunnels() const override { return the_tunnels; }
  ResourceView resources() const override { return the_resources; }
  std::vector<CounterView> tcp_counters() const override { return the_tcp_counters; }
  std::vector<CounterView> setup_counters() const override { return the_setup_counters; }
  IcmpErrorsView icmp_errors() const override { return the_icmp_errors; }

  void clear_drops(const std::string& by, const std::vector<std::string>& keywords) override {
    called = "clear drops by " + by;
    for (const auto& k : keywords)
      called += " " + k;
  }
  void clear_log() override { called = "clear log"; }
  ConfigChange configure(const std::string& lines, const std::string& by) override {
    called = "configure " + lines + " by " + by;
    return the_change;
  }
  DebugLevels& debug() override { return the_debug; }
  Captures& captures() override { return the_captures; }
  size_t logoff_name(const std::string& username) override {
    called = "logoff name " + username;
    return 2;
  }
  size_t logoff_index(uint32_t index) override {
    called = "logoff index " + std::to_string(index);
    return 1;
  }
  size_t logoff_all() override {
    called = "logoff all";
    return 7;
  }
};

}  // namespace culvert::control
