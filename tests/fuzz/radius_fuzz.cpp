// Any datagram as a RADIUS server's answer, as it comes and signed so that its attributes are read.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "control/radius/attributes.hpp"
#include "tests/control/radius/server_side.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culvert::control;
  using namespace culvert::control::radius;
  constexpr std::string_view kSecret = "secret";
  static const std::vector<uint8_t> request = encode_access(7, {}, kSecret, "pw", Attributes());
  Answer answer;
  if (decode_answer({data, size}, request, kSecret, false, answer) == Fault::none) std::abort();
  if (size < 20 || size > kMaxPacket) return 0;

  std::vector<uint8_t> packet(data, data + size);
  packet[1] = request[1];
  packet[2] = static_cast<uint8_t>(size >> 8);
  packet[3] = static_cast<uint8_t>(size);
  sign(packet, request, kSecret);
  if (decode_answer(packet, request, kSecret, false, answer) != Fault::none) return 0;
  const AuthAttributes session = session_attributes(answer.attributes);
  if (session.classes.size() > 8) std::abort();
  for (const char c : reply_message(answer.attributes)) {
    if (static_cast<unsigned char>(c) < 0x20) std::abort();
  }
  return 0;
}
