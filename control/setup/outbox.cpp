// Back-pressure towards the workers: what does not fit waits here, behind what waits already.
#include "control/setup/outbox.hpp"

#include <algorithm>
#include <cstring>

namespace culvert::control {

void Outbox::send(dp::ConnId conn, std::span<const uint8_t> bytes) {
  constexpr size_t kPiece = sizeof(dp::Message::data);
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kPiece));
    put({dp::MessageKind::send, conn, 0, {piece.begin(), piece.end()}, std::nullopt});
    bytes = bytes.subspan(piece.size());
  }
}

void Outbox::close(dp::ConnId conn, uint8_t cstp_type, std::string_view reason) {
  put({dp::MessageKind::close, conn, cstp_type, {reason.begin(), reason.end()}, std::nullopt});
}

void Outbox::promote(dp::ConnId conn, const dp::Promotion& promotion) {
  put({dp::MessageKind::promote, conn, 0, {}, promotion});
}

void Outbox::put(Item item) {
  if (item.conn.worker >= waiting_.size()) return;
  auto& queue = waiting_[item.conn.worker];
  if (queue.empty() && try_put(item)) return;
  queue.push_back(std::move(item));
}

bool Outbox::try_put(const Item& item) {
  const unsigned worker = item.conn.worker;
  dp::Message* message = env_.allocate(worker);
  if (message == nullptr) return false;
  message->kind = item.kind;
  message->conn = item.conn;
  message->code = item.code;
  message->size = static_cast<uint32_t>(item.data.size());
  if (!item.data.empty()) std::memcpy(message->data, item.data.data(), item.data.size());
  if (item.promotion) message->promotion = *item.promotion;
  env_.post(worker, message);
  return true;
}

void Outbox::flush() {
  for (auto& queue : waiting_) {
    while (!queue.empty() && try_put(queue.front()))
      queue.pop_front();
  }
}

size_t Outbox::waiting() const noexcept {
  size_t count = 0;
  for (const auto& queue : waiting_)
    count += queue.size();
  return count;
}

}  // namespace culvert::control
