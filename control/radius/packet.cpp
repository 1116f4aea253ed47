#include "control/radius/packet.hpp"

#include <algorithm>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/bytes.hpp"
#include "crypto/secret.hpp"

namespace culvert::control::radius {
namespace {

constexpr size_t kHeader = 20;  // code, identifier, length, authenticator
constexpr size_t kAuthenticatorAt = 4;
constexpr size_t kDigest = 16;

using Bytes = std::span<const uint8_t>;
using Digest = std::array<uint8_t, kDigest>;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// RADIUS is made of MD5, which OpenSSL has unless it runs in FIPS mode.
Digest md5(std::initializer_list<Bytes> parts) {
  Digest out;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool ok = context != nullptr && EVP_DigestInit_ex(context, EVP_md5(), nullptr) == 1;
  for (const Bytes part : parts)
    ok = ok && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  ok = ok && EVP_DigestFinal_ex(context, out.data(), nullptr) == 1;
  EVP_MD_CTX_free(context);
  if (!ok) throw std::runtime_error("RADIUS needs MD5, which OpenSSL refuses here");
  return out;
}

Digest hmac_md5(std::string_view key, Bytes data) {
  Digest out;
  unsigned size = 0;
  if (HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
           out.data(), &size) == nullptr) {
    throw std::runtime_error("RADIUS needs HMAC-MD5, which OpenSSL refuses here");
  }
  return out;
}

std::vector<uint8_t> header(Code code, uint8_t id, const RequestAuthenticator& authenticator) {
  std::vector<uint8_t> packet;
  packet.reserve(kMaxPacket);  // so that nothing of it is left behind as it grows
  packet.resize(kHeader);
  packet[0] = static_cast<uint8_t>(code);
  packet[1] = id;
  std::copy(authenticator.begin(), authenticator.end(), packet.begin() + kAuthenticatorAt);
  return packet;
}

void append(std::vector<uint8_t>& packet, Type type, Bytes value) {
  packet.push_back(static_cast<uint8_t>(type));
  packet.push_back(static_cast<uint8_t>(value.size() + 2));
  packet.insert(packet.end(), value.begin(), value.end());
}

// The last ones, and the packet's length. False if it would be longer than a packet may be.
bool append_all(std::vector<uint8_t>& packet, const Attributes& attributes) {
  for (const Attribute& a : attributes.all()) {
    if (packet.size() + 2 + a.value.size() > kMaxPacket) return false;
    append(packet, a.type, a.value);
  }
  store_be(packet.data() + 2, static_cast<uint16_t>(packet.size()));
  return true;
}

// RFC 2865 §5.2: each block is masked with the MD5 of the secret and the block before it.
std::vector<uint8_t> hide(std::string_view password, std::string_view secret,
                          const RequestAuthenticator& random) {
  std::vector<uint8_t> hidden((std::max<size_t>(password.size(), 1) + 15) / 16 * 16, 0);
  std::copy(password.begin(), password.end(), hidden.begin());
  Bytes before = random;
  for (size_t at = 0; at < hidden.size(); at += kDigest) {
    const Digest mask = md5({bytes_of(secret), before});
    for (size_t i = 0; i < kDigest; i++)
      hidden[at + i] ^= mask[i];
    before = {hidden.data() + at, kDigest};
  }
  return hidden;
}

bool answers(Code code, Code request) noexcept {
  if (request == Code::accounting_request) return code == Code::accounting_response;
  return code == Code::access_accept || code == Code::access_reject ||
         code == Code::access_challenge;
}

// Reads the attributes of a packet; where the Message-Authenticator's value lies, 0 if nowhere.
bool read_attributes(Bytes packet, Attributes& attributes, size_t& message_authenticator) {
  message_authenticator = 0;
  Reader reader(packet.subspan(kHeader));
  while (!reader.empty()) {
    const size_t at = packet.size() - reader.left();
    const auto type = reader.u8();
    const auto size = reader.u8();
    if (!size || *type == 0 || *size < 2) return false;
    const auto value = reader.bytes(*size - 2u);
    if (!value) return false;
    if (static_cast<Type>(*type) == Type::message_authenticator) {
      if (value->size() != kDigest || message_authenticator != 0) return false;
      message_authenticator = at + 2;
    }
    attributes.add({static_cast<Type>(*type), {value->begin(), value->end()}});
  }
  return true;
}

}  // namespace

std::optional<uint32_t> Attribute::integer() const noexcept {
  if (value.size() != sizeof(uint32_t)) return std::nullopt;
  return load_be<uint32_t>(value.data());
}

void Attributes::text(Type type, std::string_view value) {
  const Bytes bytes = bytes_of(value.substr(0, kMaxValue));
  if (!bytes.empty()) all_.push_back({type, {bytes.begin(), bytes.end()}});
}

void Attributes::integer(Type type, uint32_t value) {
  std::vector<uint8_t> bytes(sizeof value);
  store_be(bytes.data(), value);
  all_.push_back({type, std::move(bytes)});
}

void Attributes::address(Type type, const dp::IpAddress& address) {
  if (address.is_v4()) return integer(type, address.v4_value());
  add({type, {address.bytes().begin(), address.bytes().end()}});
}

void Attributes::vendor_text(uint32_t vendor, uint8_t type, std::string_view value) {
  constexpr size_t kOverhead = 6;
  value = value.substr(0, kMaxValue - kOverhead);
  std::vector<uint8_t> bytes(kOverhead + value.size());
  store_be(bytes.data(), vendor);
  bytes[4] = type;
  bytes[5] = static_cast<uint8_t>(value.size() + 2);
  std::copy(value.begin(), value.end(), bytes.begin() + kOverhead);
  all_.push_back({Type::vendor_specific, std::move(bytes)});
}

const Attribute* Attributes::find(Type type) const noexcept {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [type](const Attribute& a) { return a.type == type; });
  return found == all_.end() ? nullptr : &*found;
}

std::vector<uint8_t> encode_access(uint8_t id, const RequestAuthenticator& random,
                                   std::string_view secret, std::string_view password,
                                   const Attributes& attributes) {
  if (password.size() > kMaxPassword) return {};
  std::vector<uint8_t> packet = header(Code::access_request, id, random);
  append(packet, Type::message_authenticator, Digest{});
  std::vector<uint8_t> hidden = hide(password, secret, random);
  append(packet, Type::user_password, hidden);
  crypto::wipe(hidden);
  if (!append_all(packet, attributes)) {
    crypto::wipe(packet);
    return {};
  }
  const Digest mac = hmac_md5(secret, packet);
  std::copy(mac.begin(), mac.end(), packet.begin() + kHeader + 2);
  return packet;
}

std::vector<uint8_t> encode_accounting(uint8_t id, std::string_view secret,
                                       const Attributes& attributes) {
  std::vector<uint8_t> packet = header(Code::accounting_request, id, {});
  if (!append_all(packet, attributes)) return {};
  const Digest digest = md5({packet, bytes_of(secret)});
  std::copy(digest.begin(), digest.end(), packet.begin() + kAuthenticatorAt);
  return packet;
}

std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::none: return "nothing";
    case Fault::malformed: return "malformed";
    case Fault::other_request: return "to another request";
    case Fault::bad_authenticator: return "not signed with this key";
    case Fault::bad_message_authenticator: return "with a wrong Message-Authenticator";
    case Fault::missing_message_authenticator: return "without a Message-Authenticator";
  }
  return "unknown";
}

Fault decode_answer(Bytes datagram, Bytes request, std::string_view secret,
                    bool require_message_authenticator, Answer& answer) {
  if (datagram.size() < kHeader || request.size() < kHeader) return Fault::malformed;
  const size_t size = load_be<uint16_t>(datagram.data() + 2);
  if (size < kHeader || size > kMaxPacket || size > datagram.size()) return Fault::malformed;
  // A copy, in which the request's authenticator stands for the answer's: what both are made over.
  std::vector<uint8_t> packet(datagram.begin(), datagram.begin() + static_cast<ptrdiff_t>(size));
  const auto asked = static_cast<Code>(request[0]);
  const auto code = static_cast<Code>(packet[0]);
  if (packet[1] != request[1] || !answers(code, asked)) return Fault::other_request;
  Attributes attributes;
  size_t mac_at = 0;
  if (!read_attributes(packet, attributes, mac_at)) return Fault::malformed;

  std::copy_n(request.begin() + kAuthenticatorAt, kDigest, packet.begin() + kAuthenticatorAt);
  const Digest expected = md5({packet, bytes_of(secret)});
  if (!crypto::constant_time_equal(expected, datagram.subspan(kAuthenticatorAt, kDigest)))
    return Fault::bad_authenticator;
  // Only Access-Requests have random authenticators to protect; accounting is signed as it is.
  if (mac_at != 0 && asked == Code::access_request) {
    std::fill_n(packet.begin() + static_cast<ptrdiff_t>(mac_at), kDigest, uint8_t{0});
    const Digest mac = hmac_md5(secret, packet);
    if (!crypto::constant_time_equal(mac, datagram.subspan(mac_at, kDigest)))
      return Fault::bad_message_authenticator;
  } else if (require_message_authenticator && asked == Code::access_request) {
    return Fault::missing_message_authenticator;
  }
  answer.code = code;
  answer.attributes = std::move(attributes);
  return Fault::none;
}

}  // namespace culvert::control::radius
