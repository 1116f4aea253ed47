// Frames from the headend, packets from the adapter, and where each goes.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "tools/culvert-client/client.hpp"
#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

// So that a flood on one side does not keep the others waiting.
constexpr int kAtOnce = 64;

}  // namespace

void Client::read_tls() {
  for (int i = 0; i < kAtOnce; i++) {
    const size_t n = tls_->read(room_);
    if (n == 0) return;
    tls_alive_.heard(Clock::now());
    const auto packet = parse_cstp({room_.data(), n});
    if (!packet) {
      report_.bad_records++;
      journal_.event("bad-record", {{"size", n}});
      continue;
    }
    switch (packet->type) {
      case Frame::data:
        report_.received_tls.add(packet->payload.size());
        take_packet(packet->payload);
        break;
      case Frame::dpd_request: {
        const std::vector<uint8_t> echo(packet->payload.begin(), packet->payload.end());
        send_tls(Frame::dpd_response, echo);
        break;
      }
      case Frame::disconnect:
      case Frame::terminate: end_by_headend(packet->payload);
      case Frame::dpd_response:
      case Frame::keepalive: break;
      case Frame::compressed:
      default: report_.bad_records++; break;
    }
  }
}

void Client::read_dtls() {
  for (int i = 0; i < kAtOnce; i++) {
    const size_t n = dtls_->read(room_);
    if (n == 0) return;
    dtls_alive_.heard(Clock::now());
    next_greeting_.reset();
    const std::span<const uint8_t> payload(room_.data() + 1, n - 1);
    switch (static_cast<Frame>(room_[0])) {
      case Frame::data:
        report_.received_dtls.add(payload.size());
        take_packet(payload);
        break;
      case Frame::dpd_request: {
        const std::vector<uint8_t> echo(payload.begin(), payload.end());
        send_dtls(Frame::dpd_response, echo);
        break;
      }
      // Whoever called looks at its state next, and gives it up then.
      case Frame::disconnect: return dtls_->end("the headend closed it");
      case Frame::dpd_response:
      case Frame::keepalive: break;
      case Frame::terminate:
      case Frame::compressed:
      default: report_.bad_records++; break;
    }
  }
}

// Windows hands nothing to its stack that is larger than the adapter's MTU. (Linux would take it.)
void Client::take_packet(std::span<const uint8_t> packet) {
  if (as_anyconnect() && packet.size() > adapter_->mtu()) {
    report_.larger_than_adapter++;
    report_.largest_of_them = std::max<uint64_t>(report_.largest_of_them, packet.size());
    if (!dropped_for_size_) {
      journal_.event("larger-than-adapter", {{"size", packet.size()}, {"mtu", adapter_->mtu()}});
    }
    dropped_for_size_ = true;
    return;
  }
  if (!adapter_->write(packet)) report_.refused_by_kernel++;
}

// No client in the field tries again after that.
void Client::end_by_headend(std::span<const uint8_t> payload) {
  std::string words;
  for (const uint8_t byte : payload.subspan(std::min<size_t>(1, payload.size()))) {
    words += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '?';
  }
  throw Failure("the headend ended the session" + (words.empty() ? "" : ": " + words),
                ExitStatus::refused);
}

void Client::read_adapter() {
  const std::span<uint8_t> body(room_.data() + kCstpHeader, kLargestRecord - kCstpHeader);
  for (int i = 0; i < kAtOnce && outbox_.empty(); i++) {
    const size_t n = adapter_->read(body);
    if (n == 0) return;
    const bool by_dtls =
        dtls_ && dtls_->state() == DtlsTunnel::State::up && n <= std::max(grant_.dtls_mtu, 1U);
    if (by_dtls) {
      room_[kCstpHeader - 1] = static_cast<uint8_t>(Frame::data);
      dtls_->write({room_.data() + kCstpHeader - 1, n + 1});
      dtls_alive_.said(Clock::now());
      report_.sent_dtls.add(n);
    } else {
      write_cstp_header(std::span<uint8_t, kCstpHeader>(room_.data(), kCstpHeader), Frame::data, n);
      send_frame({room_.data(), kCstpHeader + n});
      report_.sent_tls.add(n);
    }
  }
}

void Client::send_tls(Frame type, std::span<const uint8_t> payload) {
  std::vector<uint8_t> frame(kCstpHeader + payload.size());
  write_cstp_header(std::span<uint8_t, kCstpHeader>(frame.data(), kCstpHeader), type,
                    payload.size());
  std::copy(payload.begin(), payload.end(), frame.begin() + kCstpHeader);
  send_frame(frame);
}

void Client::send_frame(std::span<const uint8_t> frame) {
  tls_alive_.said(Clock::now());
  if (!outbox_.empty() || !tls_->write(frame)) outbox_.emplace_back(frame.begin(), frame.end());
}

void Client::send_dtls(Frame type, std::span<const uint8_t> payload) {
  std::vector<uint8_t> record{static_cast<uint8_t>(type)};
  record.insert(record.end(), payload.begin(), payload.end());
  dtls_->write(record);
  dtls_alive_.said(Clock::now());
}

void Client::flush() {
  while (!outbox_.empty() && tls_->write(outbox_.front()))
    outbox_.pop_front();
}

}  // namespace culvert::client
