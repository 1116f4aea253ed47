// Between a connection's first byte and its promotion, and from its end to its being forgotten:
// what worker and control say to each other about one connection.
#pragma once

#include "crypto/record/format.hpp"
#include "dataplane/cstp/tunnel.hpp"

namespace culvert::cstp {

// Bytes of a connection that wait in the worker: until control asks for its second record, for as long as that
// may take, so that thousands may wait; from then until it carries a tunnel.
inline constexpr uint32_t kFirstRoom = 4096;
inline constexpr uint32_t kSetupRoom = 2 * crypto::record::kMaxRecord;
// Connections of a worker whose first record is larger than kFirstRoom, and which get room for it. Who comes
// when there are so many has to come again.
inline constexpr uint32_t kMostLargeHellos = 64;

// A connection reached ESTABLISHED.
void opened(Context& c, const ConnId& conn, Time now) noexcept;
// Bytes arrived during set-up: passes one record on if control asked for one.
void setup_readable(Context& c, Tunnel& t) noexcept;
// Control's message, which the caller frees.
void on_message(Context& c, dp::Message& message, Time now) noexcept;
// Sends what is owed to control, as far as its ring takes it.
void settle(Context& c) noexcept;
// The tunnel or set-up is over. First reason wins. The TCP connection itself is the caller's to
// end.
void end(Context& c, Tunnel& t, EndReason reason, uint8_t code = 0, const uint8_t* text = nullptr,
         uint32_t text_size = 0) noexcept;

}  // namespace culvert::cstp
