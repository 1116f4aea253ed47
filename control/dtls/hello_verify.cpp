// The cookie is HMAC-SHA256 over the flow, what the client must repeat, and the time. It is as long
// as GnuTLS takes at most.
#include "control/dtls/hello_verify.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "control/dtls/wire_format.hpp"
#include "crypto/bytes.hpp"
#include "crypto/record/format.hpp"

namespace culvert::control {
namespace {

constexpr uint64_t kPeriod = 60'000'000;  // us
constexpr uint8_t kHelloVerifyRequest = 3;
// RFC 6347 §4.2.1: a HelloVerifyRequest says DTLS 1.0, whatever will be negotiated; but a client of the
// older DTLS reads no other records than its own.
constexpr uint16_t kDtls10 = 0xfeff;
constexpr uint16_t kDtls09 = crypto::record::kDtls09WireVersion;
constexpr uint16_t kBodyBeforeCookie = 3;  // version, length of the cookie

}  // namespace

HelloVerifier::HelloVerifier() {
  const auto key = key_.reserve(32);
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random bytes: check the kernel's entropy source");
  }
}

HelloVerifier::Cookie HelloVerifier::cookie(const ClientHello& hello, const dp::Flow& flow,
                                            uint64_t period) const noexcept {
  // The random and the session id are all that identifies the client here; both have one length.
  std::array<uint8_t, 8 + 16 + 16 + 2 + 2 + 32 + 1 + 32> input{};
  uint8_t* to = input.data();
  const auto put = [&to](const void* from, size_t size) {
    std::memcpy(to, from, size);
    to += size;
  };
  store_be<uint64_t>(to, period);
  to += 8;
  put(flow.local.bytes().data(), 16);
  put(flow.remote.bytes().data(), 16);
  store_be<uint16_t>(to, flow.local_port);
  store_be<uint16_t>(to + 2, flow.remote_port);
  to += 4;
  put(hello.random.data(), std::min<size_t>(hello.random.size(), 32));
  const size_t id_size = std::min<size_t>(hello.session_id.size(), 32);
  *to++ = static_cast<uint8_t>(id_size);
  if (id_size != 0) put(hello.session_id.data(), id_size);

  Cookie out{};
  unsigned size = out.size();
  const auto key = key_.view();
  // Fails only without memory, and then no cookie is right.
  (void)HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), input.data(), input.size(),
             out.data(), &size);
  return out;
}

std::vector<uint8_t> HelloVerifier::request(const ClientHello& hello, const dp::Flow& flow,
                                            uint64_t now_us) const {
  const Cookie value = cookie(hello, flow, now_us / kPeriod);
  const uint16_t version = hello.version == kDtls09 ? kDtls09 : kDtls10;
  constexpr uint16_t kBody = kBodyBeforeCookie + sizeof(Cookie);
  std::vector<uint8_t> out;
  const auto put16 = [&out](unsigned n) {
    out.push_back(static_cast<uint8_t>(n >> 8));
    out.push_back(static_cast<uint8_t>(n));
  };
  const auto put24 = [&](unsigned n) {
    out.push_back(static_cast<uint8_t>(n >> 16));
    put16(n & 0xffff);
  };
  out.push_back(kHandshakeRecord);
  put16(version);
  // The client's own record number, so that no state is needed for ours (RFC 6347 §4.2.1).
  out.insert(out.end(), hello.record_sequence.begin(), hello.record_sequence.end());
  put16(kMessageHeader + kBody);
  out.push_back(kHelloVerifyRequest);
  put24(kBody);
  put16(0);  // message_seq
  put24(0);  // fragment_offset
  put24(kBody);
  put16(version);
  out.push_back(sizeof(Cookie));
  out.insert(out.end(), value.begin(), value.end());
  return out;
}

bool HelloVerifier::verify(const ClientHello& hello, const dp::Flow& flow,
                           uint64_t now_us) const noexcept {
  const uint64_t period = now_us / kPeriod;
  const bool now = crypto::constant_time_equal(hello.cookie, cookie(hello, flow, period));
  const bool before =
      period != 0 && crypto::constant_time_equal(hello.cookie, cookie(hello, flow, period - 1));
  return now || before;
}

}  // namespace culvert::control
