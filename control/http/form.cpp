// The URL standard's form decoding: '+' is a space, %XX a byte.
#include "control/http/form.hpp"

#include <optional>

#include "control/http/message.hpp"

namespace culvert::control::http {
namespace {

constexpr size_t kMaxFormFields = 64;
constexpr size_t kMaxText = 1024;

std::optional<int> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool decode(std::string_view in, std::string& out) {
  out.clear();
  for (size_t i = 0; i < in.size(); i++) {
    char c = in[i];
    if (c == '+') {
      c = ' ';
    } else if (c == '%') {
      if (i + 2 >= in.size()) return false;
      const auto high = hex_digit(in[i + 1]);
      const auto low = hex_digit(in[i + 2]);
      if (!high || !low) return false;
      c = static_cast<char>(*high << 4 | *low);
      i += 2;
    }
    if (out.size() == kMaxText || c == '\0') return false;
    out += c;
  }
  return true;
}

}  // namespace

bool parse_form(std::string_view body,
                const std::function<void(std::string_view, std::string_view)>& field) {
  std::string name;
  std::string value;  // may be a password: never reallocated, wiped at the end
  name.reserve(kMaxText);
  value.reserve(kMaxText);
  bool good = true;
  for (size_t fields = 0; good && !body.empty(); fields++) {
    const size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view coded = equals < pair.size() ? pair.substr(equals + 1) : "";
    good = fields < kMaxFormFields && decode(pair.substr(0, equals), name) && decode(coded, value);
    if (good) field(name, value);
    Request::wipe(value);
  }
  return good;
}

}  // namespace culvert::control::http
