// What this box says about itself and a session in every request, and what it takes from an
// Access-Accept.
#pragma once

#include <string>
#include <string_view>

#include "control/auth/authenticator.hpp"
#include "control/config/config.hpp"
#include "control/radius/packet.hpp"

namespace culvert::control::radius {

// Who, from where, to where: what requests for authentication and accounting have in common.
struct Subject {
  std::string_view user;
  std::string_view tunnel_group;
  IpAddress client;
  IpAddress headend;  // unspecified: not said
};
[[nodiscard]] Attributes describe(const Config& config, const Subject& subject);

// Values that mean nothing here are passed over: a framed address of 255.255.255.254 ("the NAS
// chooses", RFC 2865 §5.8), and what has a wrong length.
[[nodiscard]] AuthAttributes session_attributes(const Attributes& answer);

// All Reply-Messages as one text for a form: control characters become spaces.
[[nodiscard]] std::string reply_message(const Attributes& answer);

// The group policy that a Class names: "NAME" alone, "OU=NAME" or "OU=NAME;" as on an ASA. "" if it
// is none of these.
[[nodiscard]] std::string policy_of_class(std::string_view value);

}  // namespace culvert::control::radius
