// The table of sessions.
#include "control/session/registry.hpp"

#include <algorithm>
#include <cstring>

#include "control/dtls/tunnel.hpp"

namespace culvert::control {
namespace {

// An index by part of the hash gives nothing away: who can choose hashes can break SHA-256.
uint64_t bucket(const CookieHash& hash) noexcept {
  uint64_t key = 0;
  std::memcpy(&key, hash.data(), sizeof key);
  return key;
}

constexpr uint64_t dp::Totals::*kTotals[] = {&dp::Totals::rx_packets, &dp::Totals::rx_bytes,
                                             &dp::Totals::tx_packets, &dp::Totals::tx_bytes,
                                             &dp::Totals::rx_dropped, &dp::Totals::tx_dropped,
                                             &dp::Totals::rx_records, &dp::Totals::tx_records};

}  // namespace

std::string_view to_string(AuthMode mode) noexcept {
  switch (mode) {
    case AuthMode::password: return "userPassword";
    case AuthMode::certificate: return "Certificate";
    case AuthMode::certificate_and_password: return "Certificate and userPassword";
  }
  return "Unknown";
}

dp::Totals operator+(const dp::Totals& a, const dp::Totals& b) noexcept {
  dp::Totals sum = a;
  for (const auto field : kTotals)
    sum.*field += b.*field;
  return sum;
}

dp::Totals operator-(const dp::Totals& a, const dp::Totals& b) noexcept {
  dp::Totals rest = a;
  for (const auto field : kTotals)
    rest.*field -= b.*field;
  return rest;
}

dp::Totals SessionRecord::totals() const noexcept {
  dp::Totals sum = past;
  if (tunnel && tunnel->counters != nullptr) sum = sum + read_totals(*tunnel->counters);
  if (dtls) sum = sum + dtls->totals();
  return sum;
}

uint64_t SessionRecord::last_data() const noexcept {
  uint64_t last = 0;
  const auto look = [&last](const dp::TunnelCounters* counters) {
    if (counters == nullptr) return;
    last = std::max(last, counters->last_data_us.load(std::memory_order_relaxed));
  };
  if (tunnel) look(tunnel->counters);
  if (dtls) {
    look(dtls->rx_counters);
    look(dtls->tx_counters);
  }
  return last;
}

SessionRecord& Registry::add(SessionRecord record) {
  while (next_index_ == 0 || sessions_.contains(next_index_))
    next_index_++;
  record.index = next_index_++;
  by_cookie_.emplace(bucket(record.cookie), record.index);
  const uint32_t index = record.index;
  auto& slot = sessions_[index];
  slot = std::make_unique<SessionRecord>(std::move(record));
  cumulative_++;
  peak_ = std::max(peak_, sessions_.size());
  return *slot;
}

void Registry::erase(uint32_t index) {
  const auto found = sessions_.find(index);
  if (found == sessions_.end()) return;
  CookieHash& cookie = found->second->cookie;
  const auto [first, last] = by_cookie_.equal_range(bucket(cookie));
  for (auto it = first; it != last; ++it) {
    if (it->second != index) continue;
    by_cookie_.erase(it);
    break;
  }
  crypto::wipe(cookie);
  sessions_.erase(found);
}

SessionRecord* Registry::find(uint32_t index) noexcept {
  const auto found = sessions_.find(index);
  return found == sessions_.end() ? nullptr : found->second.get();
}

SessionRecord* Registry::find_cookie(std::string_view cookie) noexcept {
  if (!looks_like_cookie(cookie)) return nullptr;
  CookieHash hash = hash_cookie(cookie);
  SessionRecord* match = nullptr;
  const auto [first, last] = by_cookie_.equal_range(bucket(hash));
  for (auto it = first; it != last; ++it) {
    SessionRecord* record = find(it->second);
    if (record != nullptr && same_cookie(record->cookie, hash)) match = record;
  }
  crypto::wipe(hash);
  return match;
}

std::vector<SessionRecord*> Registry::of_user(std::string_view user) {
  std::vector<SessionRecord*> found;
  for (const auto& [index, record] : sessions_) {
    if (record->user == user) found.push_back(record.get());
  }
  std::stable_sort(found.begin(), found.end(), [](const SessionRecord* a, const SessionRecord* b) {
    return a->login_us < b->login_us;
  });
  return found;
}

}  // namespace culvert::control
