// What Cisco's own client asks for besides the login: whether there is a newer client, which
// translations there are, and its profile. openconnect asks for the profile only, with -x.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "control/config/config.hpp"
#include "control/http/message.hpp"

namespace culvert::control {

// A profile as it is handed out: read once, so that what a hash was announced for is what is sent.
struct ClientProfile {
  std::string file;  // its name below profiles/
  std::string sha1;  // upper-case hexadecimal
  std::string body;
};

inline constexpr std::string_view kClientFiles = "/CACHE/stc/";  // as on an ASA
inline constexpr size_t kMaxProfile = 256 * 1024;                // bytes

// By the names of `anyconnect profiles`.
using ClientProfiles = std::map<std::string, ClientProfile>;

// Throws std::runtime_error with one sentence that says what to do.
[[nodiscard]] ClientProfiles read_profiles(const std::map<std::string, std::string>& files);

// The reply to GET `path`; nothing if it is no such file. Below kClientFiles or directly below the
// root, where some clients look. What the downloader asks for says that there is nothing to update.
[[nodiscard]] std::optional<http::Reply> client_file(std::string_view path,
                                                     const ClientProfiles& profiles);

// Value of the cookie webvpnc, from which clients learn all that. `certificate_sha1` of the
// headend's certificate; `profile` may be nullptr.
[[nodiscard]] std::string client_cookie(std::string_view certificate_sha1,
                                        const ClientProfile* profile);

}  // namespace culvert::control
