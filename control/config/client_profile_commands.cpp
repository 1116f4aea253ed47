// Rows: profiles that Cisco's client downloads.
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"

namespace culvert::control {
namespace {

void show_profiles(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, file] : c.webvpn.profiles)
    out.add("anyconnect profiles " + quote(name) + " " + quote(file));
}

void show_profile(const Config& c, const std::string& object, Lines& out) {
  const auto& profile = c.group_policies.at(object).profile;
  if (!profile) return;
  out.add(profile->empty() ? "anyconnect profiles none"
                           : "anyconnect profiles value " + quote(*profile) + " type user");
}

const std::array kProfiles = {
    Command{.mode = Mode::webvpn,
            .syntax = "anyconnect profiles <profile:word> <file:word>",
            .help = "XML file that group policies may give to clients; read at the start",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.config.webvpn.profiles[a.text("profile")] = a.text("file");
                },
            .no_syntax = "anyconnect profiles <profile:word> [<file:word>]",
            .unset = [](Draft& d,
                        const Arguments& a) { d.config.webvpn.profiles.erase(a.text("profile")); },
            .show = show_profiles},
    Command{.mode = Mode::group_policy_webvpn,
            .syntax = "anyconnect profiles {value <profile:word> type user | none}",
            .help = "Profile that clients download (default none)",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.group_policy().profile = a.text("profile");
                  d.note("policy-profile/" + d.object, a, "profile");
                },
            .no_syntax = "anyconnect profiles [none | value <profile:word> type user]",
            .unset = [](Draft& d, const Arguments&) { d.group_policy().profile.reset(); },
            .show = show_profile},
};

}  // namespace

std::span<const Command> client_profile_commands() {
  return kProfiles;
}

}  // namespace culvert::control
