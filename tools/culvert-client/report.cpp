#include "tools/culvert-client/report.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace culvert::client {
namespace {

using nlohmann::json;

json traffic(const Traffic& what) {
  return {{"packets", what.packets}, {"bytes", what.bytes}};
}

double seconds(double value) {
  return std::round(value * 1000) / 1000;
}

double total_without(const std::vector<Connection>& connections) {
  double sum = 0;
  for (const Connection& each : connections)
    sum += each.without_s;
  return sum;
}

}  // namespace

json Report::as_json() const {
  json list = json::array();
  for (const Connection& each : connections) {
    list.push_back({{"reason", each.reason},
                    {"at_s", seconds(each.at_s)},
                    {"without_tunnel_s", seconds(each.without_s)},
                    {"tls", each.tls},
                    {"dtls", each.dtls},
                    {"tls_mtu", each.tls_mtu},
                    {"dtls_mtu", each.dtls_mtu},
                    {"adapter_mtu", each.adapter_mtu}});
  }
  return {{"server", server},
          {"behave", behaviour},
          {"address", address},
          {"address6", address6},
          {"end", end},
          {"reconnects", connections.empty() ? 0 : connections.size() - 1},
          {"connections", list},
          {"received", {{"tls", traffic(received_tls)}, {"dtls", traffic(received_dtls)}}},
          {"sent", {{"tls", traffic(sent_tls)}, {"dtls", traffic(sent_dtls)}}},
          {"lost",
           {{"larger_than_adapter", larger_than_adapter},
            {"largest", largest_of_them},
            {"without_tunnel", without_tunnel},
            {"refused_by_kernel", refused_by_kernel},
            {"seconds_without_tunnel", seconds(total_without(connections))}}},
          {"bad_records", bad_records}};
}

std::string Report::as_text() const {
  std::string out = fmt::format("\n  Session     {} from {}, behaving as {}\n",
                                address.empty() ? address6 : address, server, behaviour);
  for (const Connection& each : connections) {
    out +=
        fmt::format("  Connection  {:8.1f} s  {:8} TLS MTU {}, DTLS MTU {}, adapter {}; {}{}\n",
                    each.at_s, each.reason, each.tls_mtu,
                    each.dtls_mtu == 0 ? std::string("none") : std::to_string(each.dtls_mtu),
                    each.adapter_mtu, each.tls, each.dtls.empty() ? ", no DTLS" : ", " + each.dtls);
  }
  out += fmt::format("  Received    {} packets by TLS, {} by DTLS\n", received_tls.packets,
                     received_dtls.packets);
  out += fmt::format("  Sent        {} packets by TLS, {} by DTLS\n", sent_tls.packets,
                     sent_dtls.packets);
  out += fmt::format(
      "  Lost        {} larger than the adapter's MTU, {} without a tunnel ({:.1f} s of it), {} "
      "refused "
      "by the kernel\n",
      larger_than_adapter, without_tunnel, total_without(connections), refused_by_kernel);
  out += fmt::format("  End         {}", end);
  return out;
}

}  // namespace culvert::client
