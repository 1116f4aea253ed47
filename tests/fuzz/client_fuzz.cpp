// What a hostile headend may send to culvert-client: its documents, and its packets.
//
// Checked: an opaque element is part of the document word for word; a packet lies within its record.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "tools/culvert-client/cstp.hpp"
#include "tools/culvert-client/document.hpp"
#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/route.hpp"

using namespace culvert::client;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const Document document = Document::parse(text);
    require(document.opaque.empty() || text.find(document.opaque) != std::string::npos);
    require(document.has_form || document.action == "/");
    require(document.action.find_first_of(" \r\n") == std::string::npos);
  } catch (const Failure&) {
  }
  try {
    const Route route = Route::parse(text);
    require(route.length <= (route.six ? 128 : 32));
    for (unsigned bit = route.length; bit < 128; bit++)
      require((route.network[bit / 8] & 0x80U >> bit % 8) == 0);
  } catch (const Failure&) {
  }
  if (const auto packet = parse_cstp({data, size})) {
    require(packet->payload.size() + kCstpHeader == size);
    require(packet->payload.empty() || &packet->payload.back() == data + size - 1);
  }
  return 0;
}
