// Paths and contents as ocserv has served them to Cisco's clients for years.
#include "control/anyconnect/client_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/sha.h>

namespace culvert::control {
namespace {

constexpr std::string_view kNoList =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<vpn rev=\"1.0\">\n</vpn>\n";
constexpr std::string_view kNoPage = "<html></html>\n";
constexpr std::string_view kXml = "text/xml; charset=utf-8";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

struct Fixed {
  std::string_view path;
  std::string_view type;
  std::string_view body;
};
constexpr std::array kFixed = {
    Fixed{"/VPNManifest.xml", kXml, kNoList},
    Fixed{"/1/VPNManifest.xml", kXml, kNoList},
    Fixed{"/+CSCOT+/translation-table", kXml, kNoList},
    Fixed{"/+CSCOT+/oem-customization", kXml, kNoList},
    Fixed{"/1/index.html", kHtml, kNoPage},
    Fixed{"/1/Linux", kHtml, kNoPage},
    Fixed{"/1/Linux_64", kHtml, kNoPage},
    Fixed{"/1/Windows", kHtml, kNoPage},
    Fixed{"/1/Windows_ARM64", kHtml, kNoPage},
    Fixed{"/1/Darwin_i386", kHtml, kNoPage},
    // Version 0.0.0: every client is newer.
    Fixed{"/1/binaries/update.txt", "text/plain", "0,0,0000\n"},
    Fixed{"/1/binaries/vpndownloader.sh", "application/x-shellscript", "#!/bin/sh\nexit 0\n"},
};

// Clients put the cookie's "profiles%2Flab.xml" into a path as it is.
std::string with_slashes(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const bool coded = path.starts_with("%2F") || path.starts_with("%2f");
    out += coded ? '/' : path.front();
    path.remove_prefix(coded ? 3 : 1);
  }
  return out;
}

std::string sha1_of(const std::string& body) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data());
  std::string text;
  for (const unsigned char byte : digest)
    fmt::format_to(std::back_inserter(text), "{:02X}", byte);
  return text;
}

// Nothing that a client could write in two ways in an URL.
bool plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  });
}

http::Reply reply(std::string_view type, std::string_view body) {
  http::Reply answer;
  answer.content_type = type;
  answer.body = body;
  return answer;
}

}  // namespace

ClientProfiles read_profiles(const std::map<std::string, std::string>& files) {
  ClientProfiles profiles;
  for (const auto& [name, path] : files) {
    ClientProfile profile;
    // Neither a device nor a pipe: reading it might not come to an end.
    std::error_code ignored;
    const bool file = std::filesystem::is_regular_file(path, ignored);
    std::ifstream in;
    if (file) in.open(path, std::ios::binary);
    profile.body.resize(kMaxProfile + 1);
    in.read(profile.body.data(), static_cast<std::streamsize>(profile.body.size()));
    profile.body.resize(static_cast<size_t>(in.gcount()));
    if (profile.body.empty()) {
      throw std::runtime_error("cannot read the client profile " + path + ": " +
                               (in.is_open() ? "it is empty"
                                : file       ? std::strerror(errno)
                                             : "there is no such file") +
                               "; check the path given to 'anyconnect profiles'");
    }
    if (profile.body.size() > kMaxProfile) {
      throw std::runtime_error("the client profile " + path +
                               " is larger than 256 KB: name another in 'anyconnect profiles'");
    }
    profile.file = path.substr(path.rfind('/') + 1);
    if (!plain_name(profile.file)) {
      throw std::runtime_error("clients cannot ask for a profile called " + profile.file +
                               ": give it a name of letters, digits, '.', '-' and '_'");
    }
    for (const auto& [other, earlier] : profiles) {
      if (earlier.file != profile.file) continue;
      // It is by this name that clients ask.
      throw std::runtime_error("the client profiles " + other + " and " + name +
                               " have both the file name " + profile.file +
                               ": give the files of 'anyconnect profiles' different names");
    }
    profile.sha1 = sha1_of(profile.body);
    profiles[name] = std::move(profile);
  }
  return profiles;
}

std::optional<http::Reply> client_file(std::string_view path, const ClientProfiles& profiles) {
  if (path.starts_with(kClientFiles)) path.remove_prefix(kClientFiles.size() - 1);
  for (const Fixed& file : kFixed) {
    if (path == file.path) return reply(file.type, file.body);
  }
  const std::string wanted = with_slashes(path);
  for (const auto& [name, profile] : profiles) {
    if (wanted == "/profiles/" + profile.file) return reply(kXml, profile.body);
  }
  return std::nullopt;
}

std::string client_cookie(std::string_view certificate_sha1, const ClientProfile* profile) {
  std::string value = fmt::format("bu:{}&p:t&iu:1/&sh:{}", kClientFiles, certificate_sha1);
  if (profile != nullptr) {
    value += "&lu:/+CSCOT+/translation-table?textdomain%3DAnyConnect%26type%3Dmanifest";
    fmt::format_to(std::back_inserter(value), "&fu:profiles%2F{}&fh:{}", profile->file,
                   profile->sha1);
  }
  return value;
}

}  // namespace culvert::control
