// Whatever is not authentic, and could thus come from anybody, is dropped without a word (RFC 6347
// §4.1.2.7). Nobody but a client whose id and secret are known gets more than silence.
#include "control/dtls/legacy/handshake.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "control/dtls/wire_format.hpp"

namespace culvert::control {
namespace {

using crypto::record::ContentType;
using crypto::record::dtls_sequence;
using legacy::MessageType;

constexpr uint64_t kFirstTimeout = 1'000'000;  // us; RFC 6347 §4.2.4.1
constexpr unsigned kMostFlights = 12;

}  // namespace

uint64_t LegacyHandshake::steady_clock() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

LegacyHandshake::LegacyHandshake(Parameters parameters, Clock now_us)
    : parameters_(std::move(parameters)), now_us_(std::move(now_us)) {
  const crypto::Suite* suite = parameters_.suite;
  if (suite == nullptr || suite->version != crypto::Version::dtls09 ||
      parameters_.form != DtlsForm::resumption) {
    throw std::runtime_error("the older DTLS has nothing but resumption, and suites of its own");
  }
}

DtlsHandshake::Step LegacyHandshake::advance(std::vector<Datagram> datagrams) {
  for (const Datagram& datagram : datagrams) {
    if (state_ != State::failed) on_datagram(datagram);
  }
  if (state_ == State::finished && now_us_() >= deadline_us_) {
    if (flights_ >= kMostFlights) {
      fail("the client does not answer");
    } else {
      timeout_us_ *= 2;
      send_flight();
    }
  }
  switch (state_) {
    case State::done: return Step::done;
    case State::failed: return Step::failed;
    case State::hello:
    case State::finished: break;
  }
  return Step::more;
}

std::vector<Datagram> LegacyHandshake::take_output() {
  return std::exchange(out_, {});
}

std::optional<uint64_t> LegacyHandshake::timer_us() const noexcept {
  if (state_ != State::finished) return std::nullopt;
  const uint64_t now = now_us_();
  return deadline_us_ > now ? deadline_us_ - now : 0;
}

DtlsKeys LegacyHandshake::keys() const {
  if (state_ != State::done) throw std::runtime_error("keys exist only after the handshake");
  DtlsKeys out{traffic_.client, traffic_.server};
  out.tx.sequence = dtls_sequence(kEpochOfData, kFirstRecord);
  return out;
}

void LegacyHandshake::on_datagram(std::span<const uint8_t> datagram) {
  dtls::RecordWalk walk(datagram.data(), static_cast<uint32_t>(datagram.size()));
  dtls::Record record;
  while (walk.next(record) == dtls::WalkResult::record) {
    if (record.version != crypto::record::kDtls09WireVersion) return;
    if (record.type != ContentType::handshake) continue;
    const auto bytes = datagram.subspan(record.offset, record.size);
    // Which keys a record has is said by its epoch, so that the client's ChangeCipherSpec, which
    // anybody could have written, need not be waited for.
    if (record.epoch() == 0) {
      on_clear(record, bytes.subspan(crypto::record::kDtlsHeaderSize));
    } else if (state_ == State::finished) {
      on_protected(bytes);
    }
    if (state_ == State::failed) return;
  }
}

void LegacyHandshake::on_clear(const dtls::Record& record, std::span<const uint8_t> payload) {
  const auto message = legacy::parse_message(payload);
  if (!message || message->type != static_cast<uint8_t>(MessageType::client_hello)) return;
  if (state_ == State::hello) {
    on_hello(*message, record.number());
  } else if (state_ == State::finished && flights_ < kMostFlights &&
             message->number == first_number_ && std::ranges::equal(message->body, hello_)) {
    // The client has not got our flight.
    send_flight();
  }
}

void LegacyHandshake::on_hello(const legacy::Message& message, uint64_t record_number) {
  const auto hello = legacy::parse_hello(message.body);
  // RFC 6347 §4.2.2: a hello with a cookie is the client's second message.
  if (!hello || (message.number != 0) != parameters_.after_cookie ||
      !crypto::constant_time_equal(hello->session_id, parameters_.id)) {
    return;
  }
  if (!legacy::offers(*hello, parameters_.suite->id)) {
    return fail("the client does not offer the suite that was announced");
  }
  if (std::ranges::find(hello->compression, uint8_t{0}) == hello->compression.end()) {
    return fail("the client wants its records compressed");
  }
  std::array<uint8_t, legacy::kRandomSize> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return fail("OpenSSL has no random bytes");
  }
  hello_.assign(message.body.begin(), message.body.end());
  first_number_ = message.number;
  // RFC 6347 §4.2.1: from that of the hello on, so that none is used twice after a
  // HelloVerifyRequest.
  next_record_ = record_number;
  server_hello_ = legacy::make_server_hello(random, parameters_.id, parameters_.suite->id);
  // Of two hellos only the one with the cookie counts.
  transcript_ = hello_;
  transcript_.insert(transcript_.end(), server_hello_.begin(), server_hello_.end());
  traffic_ =
      crypto::tls12_keys(*parameters_.suite, parameters_.secret.view(), hello->random, random);
  traffic_.client.sequence = traffic_.server.sequence = dtls_sequence(kEpochOfData, 0);
  protection_.emplace(traffic_);
  const auto proof = verify_data("server finished");
  finished_.assign(proof.begin(), proof.end());
  transcript_.insert(transcript_.end(), finished_.begin(), finished_.end());
  state_ = State::finished;
  timeout_us_ = kFirstTimeout;
  send_flight();
}

std::array<uint8_t, crypto::kVerifyDataSize> LegacyHandshake::verify_data(
    std::string_view label) const {
  std::array<uint8_t, 36> digest{};
  if (EVP_Digest(transcript_.data(), transcript_.size(), digest.data(), nullptr, EVP_md5_sha1(),
                 nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no MD5 or no SHA-1: check its providers");
  }
  return crypto::tls10_verify_data(parameters_.secret.view(), label, digest);
}

// Each time with new record numbers (RFC 6347 §4.2.4), which is all that differs.
void LegacyHandshake::send_flight() {
  const auto number = [this](unsigned n) { return static_cast<uint16_t>(first_number_ + n); };
  Datagram flight;
  const auto add = [&flight](const std::vector<uint8_t>& record) {
    flight.insert(flight.end(), record.begin(), record.end());
  };
  const auto in_clear = [&](ContentType type, std::span<const uint8_t> payload) {
    add(legacy::make_record(static_cast<uint8_t>(type), next_record_++, payload));
  };
  in_clear(ContentType::handshake,
           legacy::make_message(MessageType::server_hello, number(0), server_hello_));
  in_clear(ContentType::change_cipher_spec, legacy::make_change_cipher_spec(number(1)));
  add(protection_->seal(legacy::make_message(MessageType::finished, number(2), finished_)));
  out_.push_back(std::move(flight));
  flights_++;
  deadline_us_ = now_us_() + timeout_us_;
}

void LegacyHandshake::on_protected(std::span<const uint8_t> record) {
  const auto payload = protection_->open(record);
  if (!payload) return;
  // From here on it is the client's own fault.
  const auto message = legacy::parse_message(*payload);
  if (!message || message->type != static_cast<uint8_t>(MessageType::finished)) {
    return fail("the client's last message is no Finished");
  }
  const auto expected = verify_data("client finished");
  if (message->number != static_cast<uint16_t>(first_number_ + 2) ||
      !crypto::constant_time_equal(message->body, expected)) {
    return fail("the client's Finished is wrong");
  }
  state_ = State::done;
}

void LegacyHandshake::fail(std::string_view why) {
  error_ = why;
  state_ = State::failed;
}

}  // namespace culvert::control
