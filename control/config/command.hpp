// The table of configuration commands: each row says once in which mode a command stands, its
// syntax, its help, what it sets, how `no` undoes it and how it is shown. Parser, `?`, completion,
// running configuration and the reference in docs/ all come from it. The order of the rows is the
// order of the running configuration.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/config.hpp"
#include "control/config/syntax.hpp"

namespace culvert::control {

using PasswordHasher = std::function<std::string(std::string_view)>;

enum class Mode : uint8_t {
  global,
  dataplane,
  interface,
  webvpn,
  group_policy,         // group-policy NAME attributes
  group_policy_webvpn,  // and webvpn in it
  tunnel_group_general,
  tunnel_group_webvpn,
  username,
  aaa_group,  // aaa-server NAME protocol radius
  aaa_host,   // aaa-server NAME host ADDRESS
};
// Global is its own parent.
[[nodiscard]] Mode parent(Mode mode) noexcept;
// The line that enters the mode, as the reference prints it.
[[nodiscard]] std::string_view title(Mode mode) noexcept;
// What an ASA's shell shows in parentheses while it is in the mode.
[[nodiscard]] std::string_view prompt(Mode mode) noexcept;

// Where in the file a value comes from, for checks that need the whole file.
struct Origin {
  size_t line = 0;  // from 1; 0 if nothing in the file set it
  std::string text;
  size_t column = 0, end = 0;
};

// A configuration while it is being read.
struct Draft {
  Config config;
  std::string object;  // device or name that the current mode is about
  const PasswordHasher* hasher = nullptr;
  std::map<std::string, unsigned> mtus;   // by nameif, which may be named later in the file
  std::map<std::string, Origin> origins;  // by subject, see validate.hpp
  Origin here;                            // the line being read

  // Remembers that the argument `name` of this line decides `subject`.
  void note(std::string subject, const Arguments& arguments, std::string_view name);

  [[nodiscard]] InterfaceConfig& interface();
  [[nodiscard]] GroupPolicyConfig& group_policy() { return config.group_policies.at(object); }
  [[nodiscard]] TunnelGroupConfig& tunnel_group() { return config.tunnel_groups.at(object); }
  [[nodiscard]] UserConfig& user() { return config.users.at(object); }
};

// Thrown by setters: the argument is well formed but wrong. what() is a sentence.
struct ArgumentError : std::runtime_error {
  ArgumentError(std::string argument_name, const std::string& sentence)
      : std::runtime_error(sentence), argument(std::move(argument_name)) {}
  std::string argument;
};

// Collects the lines of a running configuration.
class Lines {
 public:
  virtual ~Lines() = default;
  virtual void add(const std::string& line) = 0;
  // `secret` may be shown as ***** instead.
  virtual void add_secret(const std::string& line, const std::string& secret) = 0;
  // A line that enters the row's mode for `object`; left out if the mode has nothing to show and
  // `omit_empty`.
  virtual void open(const std::string& line, const std::string& object, bool omit_empty) = 0;
};

using Setter = void (*)(Draft&, const Arguments&);
using Shower = void (*)(const Config&, const std::string& object, Lines&);

struct Command {
  Mode mode = Mode::global;
  std::string_view syntax{};
  std::string_view help{};
  Setter set = nullptr;
  std::string_view no_syntax{};  // what follows `no`; empty if there is no such form
  Setter unset = nullptr;
  Shower show = nullptr;       // null: another row shows it
  Mode enters = Mode::global;  // global: stays in its mode
};

[[nodiscard]] std::span<const Command> commands();

// The parts that commands() is made of, in the order of the running configuration.
[[nodiscard]] std::span<const Command> system_commands();
[[nodiscard]] std::span<const Command> compatibility_commands();
[[nodiscard]] std::span<const Command> logging_commands();
[[nodiscard]] std::span<const Command> dataplane_commands();
[[nodiscard]] std::span<const Command> interface_commands();
[[nodiscard]] std::span<const Command> interface_ipv6_commands();
[[nodiscard]] std::span<const Command> network_commands();
[[nodiscard]] std::span<const Command> ipv6_commands();
[[nodiscard]] std::span<const Command> icmp_commands();
[[nodiscard]] std::span<const Command> ssl_commands();
[[nodiscard]] std::span<const Command> webvpn_commands();
[[nodiscard]] std::span<const Command> client_profile_commands();
[[nodiscard]] std::span<const Command> access_list_commands();
[[nodiscard]] std::span<const Command> split_tunnel_commands();  // of group policies
[[nodiscard]] std::span<const Command> group_policy_commands();
[[nodiscard]] std::span<const Command> tunnel_group_commands();
[[nodiscard]] std::span<const Command> username_commands();
[[nodiscard]] std::span<const Command> aaa_commands();

}  // namespace culvert::control
