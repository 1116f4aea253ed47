// Datagrams as anybody may send them: the parser of ClientHellos and the cookies behind it.
#include <cstdint>
#include <cstdlib>

#include "control/dtls/hello_verify.hpp"

using namespace culvert;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool inside(std::span<const uint8_t> part, std::span<const uint8_t> whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const control::HelloVerifier verifier;
  constexpr uint64_t kNow = 120'000'000;
  const std::span<const uint8_t> datagram(data, size);
  const auto hello = control::parse_client_hello(datagram);
  if (!hello) return 0;
  for (const auto part : {hello->record_sequence, hello->random, hello->session_id, hello->cookie})
    require(inside(part, datagram));
  require(hello->record_sequence.size() == 8 && hello->random.size() == 32);
  require(hello->session_id.size() <= 32 && hello->cookie.size() <= 255);

  // Nobody guesses a cookie; whoever brings the right one gets through.
  const dp::Flow flow;
  require(!verifier.verify(*hello, flow, kNow));
  const auto answer = verifier.request(*hello, flow, kNow);
  control::ClientHello again = *hello;
  again.cookie = std::span(answer).last(32);
  require(verifier.verify(again, flow, kNow));
  return 0;
}
