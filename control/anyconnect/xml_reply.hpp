// The XML documents of the headend: the login form, and the end of a successful login.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace culvert::control {

struct LoginForm {
  enum class Ask : uint8_t {
    both,      // user name and password
    password,  // of `username`
    answer,    // of `username`, to a server's question, which is `message`
  };
  struct Group {
    std::string alias;
    bool password = true;
  };
  Ask ask = Ask::both;
  std::string tunnel_group;   // goes out in <opaque> and comes back with the answer
  std::string action = "/";   // path to answer to
  std::string error;          // "" = none
  std::string message;        // "" = the usual sentence for what is asked
  std::string username;       // filled in; hidden if it is not asked for, so that it comes back
  std::vector<Group> groups;  // of the list; empty = no list
  std::string selected;       // an alias of them
};
[[nodiscard]] std::string login_form(const LoginForm& form);
// An error and no form: the client gives up.
[[nodiscard]] std::string login_refusal(std::string_view error);
// The client is to come again on a new connection, with a certificate in its handshake.
[[nodiscard]] std::string certificate_request();

struct LoginComplete {
  uint32_t session_index = 0;
  std::string_view session_token;  // the cookie
  std::string certificate_sha1;    // of the headend
  std::string profile_uri;         // "" = none
  std::string profile_sha1;
  std::vector<std::string> banner;
};
// The only copy of the token that it makes; the caller wipes it.
[[nodiscard]] std::string login_complete(const LoginComplete& complete);
[[nodiscard]] std::string logout_complete();

// XML 1.0 §2.4: for text and for values in double quotes. Characters that XML cannot hold become
// '?'.
[[nodiscard]] std::string xml_escape(std::string_view text);

}  // namespace culvert::control
