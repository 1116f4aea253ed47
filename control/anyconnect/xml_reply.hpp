// The XML documents of the headend: the login form, and the end of a successful login.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace culvert::control {

struct LoginForm {
  std::string tunnel_group;          // goes out in <opaque> and comes back with the answer
  std::string error;                 // "" = none
  std::vector<std::string> aliases;  // of the group list; empty = no list
  std::string selected_alias;
};
[[nodiscard]] std::string login_form(const LoginForm& form);

struct LoginComplete {
  uint32_t session_index = 0;
  std::string_view session_token;  // the cookie
  std::vector<std::string> banner;
};
[[nodiscard]] std::string login_complete(const LoginComplete& complete);
[[nodiscard]] std::string logout_complete();

// XML 1.0 §2.4: for text and for values in double quotes. Characters that XML cannot hold become
// '?'.
[[nodiscard]] std::string xml_escape(std::string_view text);

}  // namespace culvert::control
