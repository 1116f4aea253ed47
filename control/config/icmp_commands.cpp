// Rows: ICMP errors that the box sends.
#include <array>

#include "control/config/command.hpp"

namespace culvert::control {
namespace {

const std::array kIcmp = {
    Command{.syntax = "icmp unreachable rate-limit <rate:1-100> burst-size <size:1-10>",
            .help =
                "ICMP unreachable messages a second, and at once, of the whole box (default 1 and "
                "1); with the default a TCP sender learns a tunnel's MTU once a second at most",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.icmp.unreachable_rate = a.number("rate");
                  d.config.icmp.unreachable_burst = a.number("size");
                },
            .no_syntax = "icmp unreachable rate-limit [<rate:1-100> burst-size <size:1-10>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.icmp.unreachable_rate = config_defaults().icmp.unreachable_rate;
                  d.config.icmp.unreachable_burst = config_defaults().icmp.unreachable_burst;
                },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  out.add("icmp unreachable rate-limit " + std::to_string(c.icmp.unreachable_rate) +
                          " burst-size " + std::to_string(c.icmp.unreachable_burst));
                }},
    Command{
        .syntax = "icmp too-big {send | withhold}",
        .help = "Whether the sender of a packet that is too large for a tunnel is told (ICMP "
                "fragmentation needed, ICMPv6 Packet Too Big; default send). withhold makes the "
                "black hole of a network that blocks ICMP",
        .set = [](Draft& d, const Arguments& a) { d.config.icmp.too_big = a.has("send"); },
        .no_syntax = "icmp too-big [send | withhold]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.icmp.too_big = config_defaults().icmp.too_big; },
        .show =
            [](const Config& c, const std::string&, Lines& out) {
              if (!c.icmp.too_big) out.add("icmp too-big withhold");
            }},
};

}  // namespace

std::span<const Command> icmp_commands() {
  return kIcmp;
}

}  // namespace culvert::control
