// What tests with an OpenSSL end have in common, TLS or DTLS.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "crypto/suite.hpp"

namespace culvert::crypto::record {

enum class Role { client, server };

// A suite and, with CBC, the order of MAC and encryption.
struct Way {
  Suite suite;
  bool encrypt_then_mac;
};

inline std::vector<Way> ways_of(std::span<const Suite> suites) {
  std::vector<Way> out;
  for (const Suite& suite : suites) {
    out.push_back({suite, false});
    if (is_cbc(suite.cipher)) out.push_back({suite, true});
  }
  return out;
}

inline std::string name_of(const Way& way) {
  return std::string(way.suite.name) + (way.encrypt_then_mac ? ", encrypt-then-MAC" : "");
}

inline void write(SSL* end, std::span<const uint8_t> data) {
  ASSERT_EQ(SSL_write(end, data.data(), static_cast<int>(data.size())),
            static_cast<int>(data.size()));
}

}  // namespace culvert::crypto::record
