// The sessions of a tunnelled replay: brought up, watched, ended.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/crowd/crowd.hpp"
#include "tools/replay/tunnel/inner_recording.hpp"
#include "tools/replay/tunnel/tunnel_options.hpp"

namespace culvert::replay {

class SessionSet {
 public:
  SessionSet(const TunnelOptions& options, crowd::Crowd& crowd);

  // Starts what set-ups may start now, and looks at what happened. Throws Failure, with a sentence, if a session was
  // refused.
  void set_up(dp::Time now);
  [[nodiscard]] bool all_ready() const noexcept { return ready_ == sessions_.size(); }
  [[nodiscard]] uint32_t ready() const noexcept { return ready_; }
  // ", and DTLS failed N times, the last time: ...", of handshakes that are tried again; empty: none failed.
  [[nodiscard]] std::string without_dtls() const;
  // From the first log-in until the last session was ready, seconds.
  [[nodiscard]] double set_up_seconds() const noexcept;

  // While packets are sent: sessions that end are counted by why.
  void watch();
  [[nodiscard]] const std::map<std::string, uint64_t>& ended() const noexcept { return ended_; }

  // Starts leaving; gone() when all have.
  void leave(dp::Time now);
  [[nodiscard]] bool gone() const noexcept;

  [[nodiscard]] uint32_t size() const noexcept { return static_cast<uint32_t>(sessions_.size()); }
  [[nodiscard]] crowd::Channel channel(uint32_t session) const noexcept {
    return sessions_[session].channel;
  }
  [[nodiscard]] std::string suite(uint32_t session) const;
  // Once all are ready.
  [[nodiscard]] std::vector<SessionEnds> ends() const;

 private:
  struct Session {
    crowd::Channel channel{};
    bool ready = false;
  };
  [[nodiscard]] crowd::Credentials credentials(uint32_t session) const;
  void note(const crowd::Event& event);
  void becomes_ready(const crowd::Event& event);

  const TunnelOptions& options_;
  crowd::Crowd& crowd_;
  std::vector<Session> sessions_;
  uint32_t begun_ = 0, ready_ = 0;
  dp::Time first_ = 0, last_ = 0;
  std::map<std::string, uint64_t> ended_;
  uint64_t dtls_failed_ = 0;  // handshakes of sessions that were not ready
  std::string dtls_failure_;  // why the last of them did
  bool leaving_ = false;
};

}  // namespace culvert::replay
