// Rows: what the box is called and where its files are; and the workers, which the ASA has no words
// for.
#include <algorithm>
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

constexpr size_t kMaxSocketPath = 107;  // sun_path of unix(7), less the final zero
constexpr size_t kMaxHostname = 63;     // RFC 1123 §2.1
constexpr size_t kMaxWorkers = 64;      // dp::kMaxWorkers, which brings DPDK with it

void set_hostname(Draft& d, const Arguments& a) {
  const std::string name = a.text("name");
  const bool good = name.size() <= kMaxHostname && name.front() != '-' && name.back() != '-' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-';
                    });
  if (!good) {
    throw ArgumentError(
        "name",
        "A hostname is 1 to 63 letters, digits and hyphens, and neither starts nor ends with one");
  }
  d.config.hostname = name;
}

const std::array kSystem = {
    Command{
        .syntax = "hostname <name:word>",
        .help = "The name of this box, in messages and answers",
        .set = set_hostname,
        .no_syntax = "hostname [<name:word>]",
        .unset = [](Draft& d, const Arguments&) { d.config.hostname = config_defaults().hostname; },
        .show = [](const Config& c, const std::string&,
                   Lines& out) { out.add("hostname " + c.hostname); }},
    Command{.syntax = "management socket <path:word>",
            .help = "The unix socket that culvertctl talks to",
            .set =
                [](Draft& d, const Arguments& a) {
                  if (a.text("path").size() > kMaxSocketPath) {
                    throw ArgumentError("path", "The path of a socket is at most 107 bytes long");
                  }
                  d.config.socket_path = a.text("path");
                },
            .no_syntax = "management socket [<path:word>]",
            .unset = [](Draft& d,
                        const Arguments&) { d.config.socket_path = config_defaults().socket_path; },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  if (c.socket_path != config_defaults().socket_path)
                    out.add("management socket " + quote(c.socket_path));
                }},
    Command{.syntax = "state-directory <path:word>",
            .help = "Where the self-signed certificate and the files of captures are kept",
            .set = [](Draft& d, const Arguments& a) { d.config.state_dir = a.text("path"); },
            .no_syntax = "state-directory [<path:word>]",
            .unset = [](Draft& d,
                        const Arguments&) { d.config.state_dir = config_defaults().state_dir; },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  if (c.state_dir != config_defaults().state_dir)
                    out.add("state-directory " + quote(c.state_dir));
                }},
};

void set_workers(Draft& d, const Arguments& a) {
  const auto& cores = a.find("cores")->list;
  if (cores.size() > kMaxWorkers) throw ArgumentError("cores", "There can be at most 64 workers");
  d.config.dataplane.workers = cores;
  d.note("workers", a, "cores");
}

std::string_view idle_text(IdlePolicy p) {
  return p == IdlePolicy::spin ? "spin" : p == IdlePolicy::sleep ? "sleep" : "auto";
}

// Shows what differs from the default.
void show_dataplane(const DataplaneConfig& d, Lines& out) {
  const DataplaneConfig plain;
  const auto number = [&](std::string_view name, unsigned value, unsigned usual) {
    if (value != usual) out.add(std::string(name) + " " + std::to_string(value));
  };
  if (d.workers != plain.workers) out.add("workers " + cores_text(d.workers));
  number("control-core", d.control_core, plain.control_core);
  number("simd", d.simd, plain.simd);
  number("memory", d.memory_mb, plain.memory_mb);
  number("buffers", d.buffers, plain.buffers);
  number("sessions", d.max_sessions, plain.max_sessions);
  if (d.idle != plain.idle) out.add("idle " + std::string(idle_text(d.idle)));
  if (d.huge_pages != plain.huge_pages) out.add("huge-pages never");
}

const std::array kDataplane = {
    Command{.syntax = "dataplane",
            .help = "The workers: cores, memory and limits",
            .set = [](Draft& d, const Arguments&) { d.object.clear(); },
            .no_syntax = "dataplane",
            .unset = [](Draft& d, const Arguments&) { d.config.dataplane = {}; },
            .show = [](const Config&, const std::string&,
                       Lines& out) { out.open("dataplane", "", true); },
            .enters = Mode::dataplane},
    Command{
        .mode = Mode::dataplane,
        .syntax = "workers <cores:cores>",
        .help = "Cores of the workers, one worker each",
        .set = set_workers,
        .no_syntax = "workers [<cores:cores>]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.dataplane.workers = DataplaneConfig{}.workers; },
        .show = [](const Config& c, const std::string&,
                   Lines& out) { show_dataplane(c.dataplane, out); }},
    Command{.mode = Mode::dataplane,
            .syntax = "control-core <core:0-127>",
            .help = "Core of the control thread",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.dataplane.control_core = a.number("core");
                  d.note("control-core", a, "core");
                },
            .no_syntax = "control-core [<core:0-127>]",
            .unset = [](Draft& d, const Arguments&) { d.config.dataplane.control_core = 0; }},
    Command{.mode = Mode::dataplane,
            .syntax = "simd <bits:128,256,512>",
            .help = "Widest vector registers that the workers use (default: what the CPU has)",
            .set = [](Draft& d, const Arguments& a) { d.config.dataplane.simd = a.number("bits"); },
            .no_syntax = "simd [<bits:128,256,512>]",
            .unset = [](Draft& d, const Arguments&) { d.config.dataplane.simd = 0; }},
    Command{.mode = Mode::dataplane,
            .syntax = "memory <megabytes:64-1048576>",
            .help = "Memory for packet buffers and tables",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.dataplane.memory_mb = a.number("megabytes"); },
            .no_syntax = "memory [<megabytes:64-1048576>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.dataplane.memory_mb = DataplaneConfig{}.memory_mb;
                }},
    Command{
        .mode = Mode::dataplane,
        .syntax = "buffers <count:512-8388608>",
        .help = "Packet buffers",
        .set = [](Draft& d, const Arguments& a) { d.config.dataplane.buffers = a.number("count"); },
        .no_syntax = "buffers [<count:512-8388608>]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.dataplane.buffers = DataplaneConfig{}.buffers; }},
    Command{.mode = Mode::dataplane,
            .syntax = "sessions <count:1-1000000>",
            .help = "Most VPN sessions at one time",
            .set = [](Draft& d,
                      const Arguments& a) { d.config.dataplane.max_sessions = a.number("count"); },
            .no_syntax = "sessions [<count:1-1000000>]",
            .unset =
                [](Draft& d, const Arguments&) {
                  d.config.dataplane.max_sessions = DataplaneConfig{}.max_sessions;
                }},
    Command{
        .mode = Mode::dataplane,
        .syntax = "idle {auto | spin | sleep}",
        .help =
            "What a worker without packets does (auto: sleep on virtual devices, spin on PCI ones)",
        .set =
            [](Draft& d, const Arguments& a) {
              d.config.dataplane.idle = a.has("spin")    ? IdlePolicy::spin
                                        : a.has("sleep") ? IdlePolicy::sleep
                                                         : IdlePolicy::automatic;
            },
        .no_syntax = "idle [auto | spin | sleep]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.dataplane.idle = IdlePolicy::automatic; }},
    Command{
        .mode = Mode::dataplane,
        .syntax = "huge-pages {auto | never}",
        .help = "Whether to use huge pages if there are any",
        .set =
            [](Draft& d, const Arguments& a) {
              d.config.dataplane.huge_pages =
                  a.has("never") ? HugePages::never : HugePages::automatic;
            },
        .no_syntax = "huge-pages [auto | never]",
        .unset = [](Draft& d,
                    const Arguments&) { d.config.dataplane.huge_pages = HugePages::automatic; }},
};

}  // namespace

std::span<const Command> system_commands() {
  return kSystem;
}
std::span<const Command> dataplane_commands() {
  return kDataplane;
}

}  // namespace culvert::control
