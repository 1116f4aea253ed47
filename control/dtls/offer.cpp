#include "control/dtls/offer.hpp"

#include <stdexcept>

#include <openssl/rand.h>

#include "crypto/bytes.hpp"

namespace culvert::control {

void DtlsOffers::add(const std::shared_ptr<DtlsOffer>& offer) {
  do {
    if (RAND_bytes(offer->id.data(), static_cast<int>(offer->id.size())) != 1) {
      throw std::runtime_error("OpenSSL has no random bytes: check the kernel's entropy source");
    }
  } while (find(offer->id) != nullptr);
  offers_.emplace(load_be<uint64_t>(offer->id.data()), offer);
}

std::shared_ptr<DtlsOffer> DtlsOffers::find(std::span<const uint8_t> id) const {
  if (id.size() != kDtlsIdSize) return nullptr;
  const auto [first, last] = offers_.equal_range(load_be<uint64_t>(id.data()));
  std::shared_ptr<DtlsOffer> found;
  for (auto it = first; it != last; ++it) {
    auto offer = it->second.lock();
    // The rest of the id in constant time, so that it cannot be guessed byte by byte.
    if (offer && crypto::constant_time_equal(offer->id, id)) found = std::move(offer);
  }
  return found;
}

void DtlsOffers::sweep() {
  std::erase_if(offers_, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace culvert::control
