#include "control/anyconnect/client_text.hpp"

namespace culvert::control {

std::string client_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte < 0x20 || byte == 0x7f) {
      out += '?';
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
      // The other control characters of Unicode, U+0080 to U+009F: some terminals obey them, too.
      out += '?';
      i++;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace culvert::control
