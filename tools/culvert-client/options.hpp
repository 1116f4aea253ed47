// What the command line asks for.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "control/auth/secret_text.hpp"

namespace culvert::client {

// Whose habits the client has.
enum class Behaviour : uint8_t {
  anyconnect,  // the adapter gets the DTLS MTU; without DTLS a reconnect brings the TLS MTU; packets
               // larger than the adapter are dropped, as Windows does
  openconnect,  // one MTU for both channels, the larger; packets of any size are taken
};

enum class LoginForm : uint8_t { xml, plain };

struct Options {
  std::string url{};
  std::string user{};
  control::SecretText password{};
  std::string group{};                // an alias of the list
  std::vector<std::string> pins{};    // "pin-sha256:BASE64"; none: the system's authorities decide
  std::string tls_ciphers{};          // OpenSSL's names; TLS 1.2
  std::string tls_version{};          // "1.2" or "1.3"; empty: either
  std::string interface {};           // empty: the kernel chooses
  std::vector<std::string> routes{};  // instead of what the headend says
  std::string user_agent{};
  std::string dart_file{};    // empty: standard error
  std::string events_file{};  // empty: none
  Behaviour behaviour = Behaviour::anyconnect;
  LoginForm login = LoginForm::xml;
  bool dtls = true;
  bool dtls_psk = true;         // PSK-NEGOTIATE is offered
  bool dtls_resumption = true;  // X-DTLS12-CipherSuite is offered
  bool json = false;
  std::chrono::milliseconds minute{60'000};
  unsigned dpd_s = 0;                           // instead of what the headend says
  std::chrono::seconds patience{15};            // for each answer of the headend
  std::chrono::seconds reconnect_timeout{300};  // for a tunnel that was lost
};

}  // namespace culvert::client
