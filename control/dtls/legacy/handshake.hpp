// The server's side of a resumption in Cisco's older DTLS, which OpenSSL does not have.
//
//   client                                   server
//   ClientHello with the session id    →
//                                      ←     ServerHello, ChangeCipherSpec, Finished
//   ChangeCipherSpec, Finished         →
//
// What differs from DTLS 1.2 (RFC 6347): the version, 0x0100; Finished covers the bodies of messages
// without their headers; ChangeCipherSpec is counted among the messages; key block and Finished are
// made as in TLS 1.0 (RFC 2246 §5, §6.3, §7.4.9).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "control/dtls/handshake.hpp"
#include "control/dtls/legacy/messages.hpp"
#include "control/dtls/legacy/protection.hpp"
#include "dataplane/dtls/record_walk.hpp"

namespace culvert::control {

class LegacyHandshake final : public DtlsHandshake {
 public:
  using Clock = std::function<uint64_t()>;  // microseconds since whenever

  // Throws std::runtime_error for parameters of another version.
  explicit LegacyHandshake(Parameters parameters, Clock now_us = steady_clock);

  [[nodiscard]] Step advance(std::vector<Datagram> datagrams) override;
  [[nodiscard]] std::vector<Datagram> take_output() override;
  [[nodiscard]] std::optional<uint64_t> timer_us() const noexcept override;
  [[nodiscard]] DtlsKeys keys() const override;
  [[nodiscard]] const std::string& error() const noexcept override { return error_; }

 private:
  enum class State : uint8_t { hello, finished, done, failed };  // what it waits for

  static uint64_t steady_clock();
  void on_datagram(std::span<const uint8_t> datagram);
  void on_clear(const dtls::Record& record, std::span<const uint8_t> payload);
  void on_hello(const legacy::Message& message, uint64_t record_number);
  void on_protected(std::span<const uint8_t> record);
  [[nodiscard]] std::array<uint8_t, crypto::kVerifyDataSize> verify_data(
      std::string_view label) const;
  void send_flight();
  void fail(std::string_view why);

  Parameters parameters_;
  Clock now_us_;
  State state_ = State::hello;
  std::string error_;
  std::vector<Datagram> out_;
  std::vector<uint8_t> hello_;       // its body
  uint16_t first_number_ = 0;        // of the hello, and of our answer to it
  uint64_t next_record_ = 0;         // in the clear
  std::vector<uint8_t> transcript_;  // bodies, the hello's first
  std::vector<uint8_t> server_hello_;
  std::vector<uint8_t> finished_;
  crypto::TrafficKeys traffic_;
  std::optional<legacy::Protection> protection_;
  unsigned flights_ = 0;  // times that ours was sent
  uint64_t timeout_us_ = 0;
  uint64_t deadline_us_ = 0;
};

}  // namespace culvert::control
