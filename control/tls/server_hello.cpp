// RFC 5246 §7.4.1.3: version, random, session id, cipher suite, compression method, extensions.
#include "control/tls/server_hello.hpp"

#include "crypto/bytes.hpp"

namespace culvert::control {

bool agrees_to_encrypt_then_mac(std::span<const uint8_t> message, size_t header_size) noexcept {
  constexpr uint16_t kEncryptThenMac = 22;
  constexpr size_t kBeforeSessionId = 2 + 32;
  constexpr size_t kSuiteAndCompression = 2 + 1;
  if (message.size() < header_size || message.empty() || message[0] != kServerHelloType)
    return false;
  std::span<const uint8_t> rest = message.subspan(header_size);
  // Whether that many bytes could be left out.
  const auto skip = [&rest](size_t size) {
    if (size > rest.size()) return false;
    rest = rest.subspan(size);
    return true;
  };
  if (!skip(kBeforeSessionId) || rest.empty()) return false;
  if (!skip(size_t{1} + rest[0]) || !skip(kSuiteAndCompression) || rest.size() < 2) return false;
  if (load_be<uint16_t>(rest.data()) != rest.size() - 2) return false;
  for (rest = rest.subspan(2); rest.size() >= 4;) {
    const auto type = load_be<uint16_t>(rest.data());
    const auto size = load_be<uint16_t>(rest.data() + 2);
    if (type == kEncryptThenMac) return size == 0;
    if (!skip(size_t{4} + size)) return false;
  }
  return false;
}

}  // namespace culvert::control
