// RADIUS packets: requests are written and signed, answers are read and verified (RFC 2865, 2866;
// Message-Authenticator: RFC 2869 §5.14).
//
// An answer is believed only if it belongs to the request: its Response Authenticator is made with
// the shared secret, and since that is a bare MD5 which somebody on the way can collide
// (CVE-2024-3596), so is the HMAC of its Message-Authenticator. Every Access-Request carries one as
// its first attribute, which makes servers answer with one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/packet/address.hpp"

namespace culvert::control::radius {

enum class Code : uint8_t {
  access_request = 1,
  access_accept = 2,
  access_reject = 3,
  accounting_request = 4,
  accounting_response = 5,
  access_challenge = 11,
};

enum class Type : uint8_t {
  user_name = 1,
  user_password = 2,
  nas_ip_address = 4,
  nas_port = 5,
  service_type = 6,
  framed_protocol = 7,
  framed_ip_address = 8,
  framed_ip_netmask = 9,
  reply_message = 18,
  state = 24,
  klass = 25,
  vendor_specific = 26,
  session_timeout = 27,
  idle_timeout = 28,
  called_station_id = 30,
  calling_station_id = 31,
  nas_identifier = 32,
  acct_status_type = 40,
  acct_input_octets = 42,
  acct_output_octets = 43,
  acct_session_id = 44,
  acct_authentic = 45,
  acct_session_time = 46,
  acct_input_packets = 47,
  acct_output_packets = 48,
  acct_terminate_cause = 49,
  acct_input_gigawords = 52,
  acct_output_gigawords = 53,
  event_timestamp = 55,
  nas_port_type = 61,
  tunnel_client_endpoint = 66,
  message_authenticator = 80,
  acct_interim_interval = 85,
  nas_ipv6_address = 95,
  framed_ipv6_address = 168,  // RFC 6911 §3.1
};

inline constexpr size_t kMaxPacket = 4096;   // RFC 2865 §3
inline constexpr size_t kMaxValue = 253;     // bytes of one attribute
inline constexpr size_t kMaxPassword = 128;  // RFC 2865 §5.2
using RequestAuthenticator = std::array<uint8_t, 16>;

struct Attribute {
  Type type;
  std::vector<uint8_t> value;

  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
  }
  // Nothing unless it is four bytes long.
  [[nodiscard]] std::optional<uint32_t> integer() const noexcept;
};

// In the order in which they were added. What is too long for an attribute is cut.
class Attributes {
 public:
  void text(Type type, std::string_view value);
  void integer(Type type, uint32_t value);
  void address(Type type, const dp::IpAddress& address);  // of four bytes or sixteen
  // Vendor-Specific with one text in it (RFC 2865 §5.26).
  void vendor_text(uint32_t vendor, uint8_t type, std::string_view value);
  void add(Attribute attribute) { all_.push_back(std::move(attribute)); }

  [[nodiscard]] const Attribute* find(Type type) const noexcept;  // the first, or nullptr
  [[nodiscard]] const std::vector<Attribute>& all() const noexcept { return all_; }

 private:
  std::vector<Attribute> all_;
};

// An Access-Request with its Message-Authenticator. `random` is unpredictable and never used again.
// Empty if the password is longer than kMaxPassword, or all together than kMaxPacket. The caller wipes
// it: MD5 is all that hides the password in it.
[[nodiscard]] std::vector<uint8_t> encode_access(uint8_t id, const RequestAuthenticator& random,
                                                 std::string_view secret, std::string_view password,
                                                 const Attributes& attributes);

// An Accounting-Request, signed by its authenticator (RFC 2866 §3). Empty if it is too long.
[[nodiscard]] std::vector<uint8_t> encode_accounting(uint8_t id, std::string_view secret,
                                                     const Attributes& attributes);

enum class Fault : uint8_t {
  none,
  malformed,                      // lengths that do not add up
  other_request,                  // not the identifier, or not a code that answers the request
  bad_authenticator,              // not signed with this secret, or not for this request
  bad_message_authenticator,      //
  missing_message_authenticator,  // and one is required
};
[[nodiscard]] std::string_view to_string(Fault fault) noexcept;  // the end of a sentence

struct Answer {
  Code code = Code::access_reject;
  Attributes attributes;
};

// Reads `datagram` as the answer to `request`, a whole packet of encode_*(). `answer` is filled in
// only if nothing is wrong. Bytes behind the packet's own length are ignored (RFC 2865 §3).
[[nodiscard]] Fault decode_answer(std::span<const uint8_t> datagram,
                                  std::span<const uint8_t> request, std::string_view secret,
                                  bool require_message_authenticator, Answer& answer);

}  // namespace culvert::control::radius
