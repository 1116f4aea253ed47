// Clients and a server: what sends packets through a headend and looks at what comes out. Everything
// here runs outside the measured time.
//
// All sessions have the same key material, each in key blocks of its own in the headend, so that one
// key block here seals for, and another opens from, any of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/datapath/headend.hpp"
#include "crypto/record/protection.hpp"
#include "crypto/suite.hpp"

namespace culvert::bench {

// Errors are std::runtime_error with a sentence: a packet that is not what it should be.
class Traffic {
 public:
  Traffic(Headend& headend, const crypto::Suite& suite, size_t sessions);
  virtual ~Traffic() = default;
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // From now on packets of `size` bytes (IP header included), from clients (up) or to them.
  virtual void shape(bool up, uint32_t size);
  // A packet for each of these sessions, for the headend's next passes.
  void send(std::span<const uint32_t> sessions);
  // Takes what the headend has sent, one of the packets letter by letter. Returns how many inner
  // packets it was.
  [[nodiscard]] virtual uint32_t collect() = 0;
  // What a record has besides the packet.
  [[nodiscard]] virtual uint32_t framing() const noexcept = 0;
  // Consecutive packets that belong to one session.
  [[nodiscard]] virtual uint32_t train() const noexcept = 0;

  [[nodiscard]] const crypto::Suite& suite() const noexcept { return suite_; }
  [[nodiscard]] size_t sessions() const noexcept { return sessions_; }

 protected:
  virtual void send_up(uint32_t session) = 0;
  void publish(uint32_t session, const dp::Channel& channel);
  // The inner packet of a session: to its client, or from it.
  void write_inner(uint8_t* to, uint32_t session) noexcept;
  void check_inner(const uint8_t* packet, uint32_t size, uint32_t session);
  // Seals the payload that lies behind the record's prefix; returns the record's size.
  uint32_t seal(uint8_t* record, uint32_t payload_size, uint64_t sequence);
  // Opens a record, which has to be a whole one: its payload.
  std::span<const uint8_t> open(const uint8_t* record, uint32_t size, uint64_t sequence);
  [[nodiscard]] uint32_t collect_inside();
  [[nodiscard]] dp::InnerAddresses inner_of(uint32_t session) const noexcept {
    return {.v4 = dp::IpAddress::v4(kFirstInner + session), .v6 = {}};
  }
  [[nodiscard]] dp::Flow flow_of(uint32_t session) const noexcept;
  // The session whose client has the address; throws if there is none.
  [[nodiscard]] uint32_t client(uint32_t address) const;
  // True once after each send(), each time at another of its packets.
  [[nodiscard]] bool is_sample(uint32_t position) const noexcept {
    return position == bursts_ % burst_;
  }

  Headend& headend_;
  const crypto::Suite& suite_;
  const size_t sessions_;
  const crypto::record::Overhead room_;
  bool up_ = false;
  uint32_t size_ = 64;

 private:
  crypto::record::Keys sealer_, opener_;
  std::vector<uint8_t> template_;
  std::vector<uint8_t> expected_;
  std::vector<uint8_t> opened_;
  uint32_t bursts_ = 0;
  uint32_t burst_ = 1;
};

std::unique_ptr<Traffic> make_dtls(Headend& headend, const crypto::Suite& suite, size_t sessions);
std::unique_ptr<Traffic> make_cstp(Headend& headend, const crypto::Suite& suite, size_t sessions);

// An IPv4 header at `at`, with its checksum.
void write_ipv4(uint8_t* at, uint32_t size, dp::IpProtocol protocol, uint32_t src,
                uint32_t dst) noexcept;

}  // namespace culvert::bench
