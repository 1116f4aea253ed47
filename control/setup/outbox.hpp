// Messages on their way to the workers, in order, kept where a ring is full or a pool empty.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "control/setup/environment.hpp"

namespace culvert::control {

class Outbox {
 public:
  explicit Outbox(SetupEnv& env) : env_(env), waiting_(env.workers) {}

  void want_record(dp::ConnId conn) { simple(dp::MessageKind::want_record, conn); }
  void abort(dp::ConnId conn) { simple(dp::MessageKind::abort, conn); }
  void forget(dp::ConnId conn) { simple(dp::MessageKind::forget, conn); }
  // Any length; cut into messages.
  void send(dp::ConnId conn, std::span<const uint8_t> bytes);
  // `cstp_type` 0: only FIN. The reason goes behind the CSTP header.
  void close(dp::ConnId conn, uint8_t cstp_type, std::string_view reason);
  void promote(dp::ConnId conn, const dp::Promotion& promotion);
  // Keys without a suite are left as they are.
  void rekey(dp::ConnId conn, const crypto::record::KeyMaterial& receive,
             const crypto::record::KeyMaterial& transmit);

  // A datagram is lost where others wait: whoever sent it will send it again.
  void send_datagram(unsigned worker, const dp::Flow& flow, std::span<const uint8_t> datagram);
  void install_dtls(dp::DtlsSide side, dp::ConnId conn, const dp::Flow& flow,
                    const dp::DtlsInstall& install);
  void remove_dtls(dp::DtlsSide side, dp::ConnId conn);
  // To `worker`: the receive side `conn` of another one has `flow`; none has it any more if `conn`
  // names none.
  void route_dtls(unsigned worker, const dp::Flow& flow, dp::ConnId conn);
  // To all workers. `kind`: (un)listen, (un)listen_dtls.
  void listen(dp::MessageKind kind, const IpAddress& address, uint16_t port);
  void settings(const dp::WorkerSettings& settings);

  // Tries again what could not be put; cheap when nothing waits.
  void flush();
  [[nodiscard]] size_t waiting() const noexcept;

 private:
  struct Item {
    dp::MessageKind kind;
    dp::ConnId conn;
    uint8_t code = 0;
    std::vector<uint8_t> data{};
    std::optional<dp::Promotion> promotion{};
    dp::DtlsSide side = dp::DtlsSide::receive;
    dp::Flow flow{};
    std::optional<dp::DtlsInstall> install{};
    std::optional<dp::WorkerSettings> settings{};
  };

  void simple(dp::MessageKind kind, dp::ConnId conn) { put(conn.worker, {kind, conn}); }
  void put(unsigned worker, Item item);
  void put_to_all(const Item& item);
  [[nodiscard]] bool try_put(unsigned worker, const Item& item);

  SetupEnv& env_;
  std::vector<std::deque<Item>> waiting_;  // per worker
};

}  // namespace culvert::control
