// Rows: local users.
#include <array>

#include "control/config/command.hpp"
#include "control/config/match.hpp"
#include "crypto/password.hpp"

namespace culvert::control {
namespace {

void set_user(Draft& d, const Arguments& a) {
  const std::string name = a.text("name");
  const std::string password = a.text("password-text");
  UserConfig user =
      d.config.users.contains(name) ? d.config.users.at(name) : UserConfig{.name = name};
  try {
    user.password_hash = a.has("pbkdf2") ? crypto::to_string(crypto::parse_password_hash(password))
                                         : (*d.hasher)(password);
  } catch (const std::runtime_error& e) {
    throw ArgumentError("password-text", e.what());
  }
  d.config.users[name] = std::move(user);
}

void enter_user(Draft& d, const Arguments& a) {
  d.object = a.text("name");
  if (!d.config.users.contains(d.object)) {
    throw ArgumentError("name", "This user does not exist: enter \"username " + quote(d.object) +
                                    " password ...\" first");
  }
}

void show_users(const Config& c, const std::string&, Lines& out) {
  for (const auto& [name, user] : c.users) {
    out.add("username " + quote(name) + " password " + user.password_hash + " pbkdf2");
    out.open("username " + quote(name) + " attributes", name, true);
  }
}

const std::array kUsername = {
    Command{.syntax = "username <name:word> password <password-text:secret> [pbkdf2]",
            .help = "A local user; pbkdf2: the password is a hash already",
            .set = set_user,
            .no_syntax = "username <name:word> [password [<password-text:secret> [pbkdf2]]]",
            .unset = [](Draft& d, const Arguments& a) { d.config.users.erase(a.text("name")); }},
    Command{.syntax = "username <name:word> attributes",
            .help = "What holds for one user",
            .set = enter_user,
            .no_syntax = "username <name:word> attributes",
            .unset =
                [](Draft& d, const Arguments& a) {
                  enter_user(d, a);
                  d.user().group_policy.reset();
                },
            .show = show_users,
            .enters = Mode::username},
    Command{.mode = Mode::username,
            .syntax = "vpn-group-policy <policy:word>",
            .help = "The user's group policy (default: that of the connection profile); it "
                    "holds where LOCAL verified the password",
            .set =
                [](Draft& d, const Arguments& a) {
                  d.user().group_policy = a.text("policy");
                  d.note("user-policy/" + d.object, a, "policy");
                },
            .no_syntax = "vpn-group-policy [<policy:word>]",
            .unset = [](Draft& d, const Arguments&) { d.user().group_policy.reset(); },
            .show =
                [](const Config& c, const std::string& object, Lines& out) {
                  const auto& policy = c.users.at(object).group_policy;
                  if (policy) out.add("vpn-group-policy " + quote(*policy));
                }},
};

}  // namespace

std::span<const Command> username_commands() {
  return kUsername;
}

}  // namespace culvert::control
