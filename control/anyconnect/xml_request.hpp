// The XML documents that clients send: `config-auth` of type init, auth-reply or logout.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/auth/secret_text.hpp"

namespace culvert::control {

enum class AuthRequestType : uint8_t { init, auth_reply, logout };

// What a client says in the dialogue, whether as XML or as a form.
struct AuthRequest {
  AuthRequestType type = AuthRequestType::init;
  std::string username;
  SecretText password;
  bool has_password = false;    // the field was there, even if empty
  std::string group;            // group-select or group_list: an alias or a name
  std::string opaque_group;     // tunnel-group in <opaque>: what our form told it to repeat
  bool xml = false;             // not a form; the answer is XML all the same
  bool no_certificate = false;  // client-cert-fail: it was asked for a certificate and has none
  SecretText session_token;     // logout
  std::string device;           // "linux-64", "win", …; client_text()
};

inline constexpr size_t kMaxXmlDepth = 16;
inline constexpr size_t kMaxXmlElements = 512;
inline constexpr size_t kMaxXmlText = 512;  // bytes of one value

// Throws std::runtime_error for what is not a well-formed, small config-auth document without DTD.
[[nodiscard]] AuthRequest parse_xml_request(std::string_view body);
// The same from an urlencoded form; an empty body is an init. Throws std::runtime_error.
[[nodiscard]] AuthRequest parse_form_request(std::string_view body);
// Either of them by how the body begins.
[[nodiscard]] AuthRequest parse_auth_request(std::string_view body);

}  // namespace culvert::control
