#include "tools/culvert-client/route.hpp"

#include <bit>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

std::optional<unsigned> length_of(const std::string& text, unsigned most) {
  unsigned length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc{} || end != text.data() + text.size() || length > most) return {};
  return length;
}

// Of 255.255.255.0: 24. Nothing where the ones do not all come first.
std::optional<unsigned> length_of_mask(const std::string& text) {
  in_addr mask{};
  if (inet_pton(AF_INET, text.c_str(), &mask) != 1) return {};
  const uint32_t bits = ntohl(mask.s_addr);
  const auto length = static_cast<unsigned>(std::countl_one(bits));
  if (length < 32 && bits << length != 0) return {};
  return length;
}

}  // namespace

Route Route::parse(const std::string& text) {
  const Failure wrong("'" + text + "' is no network such as 10.48.66.0/24 or fd00::/64");
  const size_t slash = text.find('/');
  if (slash == std::string::npos) throw wrong;
  const std::string address = text.substr(0, slash), rest = text.substr(slash + 1);
  Route out;
  std::optional<unsigned> length;
  if (inet_pton(AF_INET, address.c_str(), out.network.data()) == 1) {
    length = rest.find('.') == std::string::npos ? length_of(rest, 32) : length_of_mask(rest);
  } else if (inet_pton(AF_INET6, address.c_str(), out.network.data()) == 1) {
    out.six = true;
    length = length_of(rest, 128);
  }
  if (!length) throw wrong;
  out.length = *length;
  for (unsigned bit = out.length; bit < 128; bit++)
    out.network[bit / 8] &= static_cast<uint8_t>(~(0x80U >> bit % 8));
  return out;
}

}  // namespace culvert::client
