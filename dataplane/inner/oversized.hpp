// Tells control of packets that were too large for their tunnel, so that it can log them (722036, 602101).
//
// Of one session ten at once and one a second, so that a flood neither drowns the log nor keeps the
// mailbox from more important news. What is not told is counted and told later.
#pragma once

#include <cstdint>
#include <vector>

#include <rte_mbuf.h>

#include "dataplane/ip/token_bucket.hpp"
#include "dataplane/packet/time.hpp"
#include "dataplane/session/mailbox.hpp"
#include "dataplane/session/table.hpp"

namespace culvert::dp {

// One worker's: it is the home of all sessions that it tells of.
class OversizedReports {
 public:
  // The mailbox outlives this. `reserve`: messages to control that are left for others.
  OversizedReports(const SessionTable& sessions, Mailbox& mailbox, unsigned reserve);

  // A packet that begins with its IP header, dropped for being larger than `threshold` bytes.
  // `answered`: its sender gets an ICMP error.
  void add(const Session& session, const rte_mbuf* packet, uint16_t threshold, bool answered,
           Time now) noexcept;
  // Tells what was not told and can be now. Call it now and then.
  void poll(Time now) noexcept;

 private:
  struct Entry {  // by position in the session table
    uint32_t session = 0;
    uint32_t untold = 0;
    bool listed = false;  // stands in `waiting_`
    TokenBucket limit{1, 10};
  };
  [[nodiscard]] bool post(const Oversized& what) noexcept;

  const SessionTable& sessions_;
  Mailbox& mailbox_;
  const unsigned reserve_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> waiting_;  // positions with something untold
};

}  // namespace culvert::dp
