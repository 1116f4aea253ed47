// Back-pressure towards the workers: what does not fit waits here, behind what waits already.
#include "control/setup/outbox.hpp"

#include <algorithm>
#include <cstring>

namespace culvert::control {

void Outbox::send(dp::ConnId conn, std::span<const uint8_t> bytes) {
  constexpr size_t kPiece = sizeof(dp::Message::data);
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kPiece));
    put(conn.worker, {dp::MessageKind::send, conn, 0, {piece.begin(), piece.end()}});
    bytes = bytes.subspan(piece.size());
  }
}

void Outbox::close(dp::ConnId conn, uint8_t cstp_type, std::string_view reason) {
  put(conn.worker, {dp::MessageKind::close, conn, cstp_type, {reason.begin(), reason.end()}});
}

void Outbox::promote(dp::ConnId conn, const dp::Promotion& promotion) {
  put(conn.worker, {dp::MessageKind::promote, conn, 0, {}, promotion});
}

void Outbox::rekey(dp::ConnId conn, const crypto::record::KeyMaterial& receive,
                   const crypto::record::KeyMaterial& transmit) {
  dp::Promotion keys{};
  keys.rx = receive;
  keys.tx = transmit;
  put(conn.worker, {dp::MessageKind::rekey, conn, 0, {}, keys});
}

void Outbox::send_datagram(unsigned worker, const dp::Flow& flow,
                           std::span<const uint8_t> datagram) {
  if (worker >= waiting_.size() || !waiting_[worker].empty()) return;
  Item item{dp::MessageKind::send_datagram, dp::ConnId(worker, 0, 0)};
  item.data.assign(datagram.begin(), datagram.end());
  item.flow = flow;
  (void)try_put(worker, item);
}

void Outbox::install_dtls(dp::DtlsSide side, dp::ConnId conn, const dp::Flow& flow,
                          const dp::DtlsInstall& install) {
  Item item{side == dp::DtlsSide::receive ? dp::MessageKind::install_dtls_rx
                                          : dp::MessageKind::install_dtls_tx,
            conn};
  item.side = side;
  item.flow = flow;
  item.install = install;
  put(conn.worker, std::move(item));
}

void Outbox::remove_dtls(dp::DtlsSide side, dp::ConnId conn) {
  Item item{dp::MessageKind::remove_dtls, conn};
  item.side = side;
  put(conn.worker, std::move(item));
}

void Outbox::route_dtls(unsigned worker, const dp::Flow& flow, dp::ConnId conn) {
  Item item{dp::MessageKind::route_dtls, conn};
  item.flow = flow;
  put(worker, std::move(item));
}

void Outbox::listen(dp::MessageKind kind, const IpAddress& address, uint16_t port) {
  Item item{kind, {}};
  item.flow.local = address;
  item.flow.local_port = port;
  put_to_all(item);
}

void Outbox::settings(const dp::WorkerSettings& settings) {
  Item item{dp::MessageKind::settings, {}};
  item.settings = settings;
  put_to_all(item);
}

void Outbox::put_to_all(const Item& item) {
  for (unsigned worker = 0; worker < waiting_.size(); worker++)
    put(worker, item);
}

void Outbox::put(unsigned worker, Item item) {
  if (worker >= waiting_.size()) return;
  auto& queue = waiting_[worker];
  if (queue.empty() && try_put(worker, item)) return;
  queue.push_back(std::move(item));
}

bool Outbox::try_put(unsigned worker, const Item& item) {
  dp::Message* message = env_.allocate(worker);
  if (message == nullptr) return false;
  message->kind = item.kind;
  message->conn = item.conn;
  message->code = item.code;
  message->side = item.side;
  message->flow = item.flow;
  message->size = static_cast<uint32_t>(item.data.size());
  if (!item.data.empty()) std::memcpy(message->data, item.data.data(), item.data.size());
  if (item.promotion) message->promotion = *item.promotion;
  if (item.install) message->dtls = *item.install;
  if (item.settings) message->settings = *item.settings;
  env_.post(worker, message);
  return true;
}

void Outbox::flush() {
  for (unsigned worker = 0; worker < waiting_.size(); worker++) {
    auto& queue = waiting_[worker];
    while (!queue.empty() && try_put(worker, queue.front()))
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
