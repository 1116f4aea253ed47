// Copies with addresses: one for each packet and round, so that nothing is to be worked out while packets are sent.
#include "tools/replay/tunnel/inner_recording.hpp"

#include <algorithm>

#include "tools/replay/failure.hpp"
#include "tools/replay/load.hpp"
#include "tools/replay/tunnel/inner_packet.hpp"

namespace culvert::replay {

InnerRecording load_inner(const std::vector<std::string>& paths, const SelectionRules& rules,
                          const Survey& found, Direction direction, const OnProgress& on_progress) {
  InnerRecording recording;
  Dealer dealer(direction);
  const auto add = [&](std::span<const uint8_t> frame, uint64_t time_ns) {
    const InnerPacket packet = inner_packet_of(frame);
    switch (packet.fitness) {
      case Fitness::not_ip: ++recording.left_out.not_ip; return true;
      case Fitness::not_whole: ++recording.left_out.not_whole; return true;
      case Fitness::one_address: ++recording.left_out.one_address; return true;
      case Fitness::fit: break;
    }
    const auto size = static_cast<uint32_t>(packet.bytes.size());
    recording.packets.push_back({recording.bytes.size(), size, dealer.deal(packet.bytes)});
    recording.recorded.push_back({.time_ns = time_ns, .size = size});
    recording.bytes.insert(recording.bytes.end(), packet.bytes.begin(), packet.bytes.end());
    return true;
  };
  if (each_packet(paths, rules, found.packets, on_progress, add) < found.packets)
    throw Failure("A capture changed while it was being loaded.");
  recording.conversations = dealer.conversations();
  return recording;
}

AddressedPackets::AddressedPackets(const InnerRecording& recording,
                                   std::span<const SessionEnds> sessions, const AddressRules& rules,
                                   uint64_t rounds, uint64_t most_bytes)
    : a_round_(static_cast<uint32_t>(recording.packets.size())), never_(recording.left_out) {
  const auto count = static_cast<uint32_t>(sessions.size());
  uint64_t wanted = rounds_for_all(recording.conversations, count);
  if (rounds != 0) wanted = std::min(wanted, rounds);
  const uint64_t one = std::max<uint64_t>(recording.bytes.size() + a_round_ * sizeof(Packet), 1);
  rounds_ = static_cast<uint32_t>(
      std::clamp<uint64_t>(wanted, 1, std::max<uint64_t>(most_bytes / one, 1)));
  bytes_.reserve(recording.bytes.size() * rounds_);
  packets_.reserve(size_t{a_round_} * rounds_);
  for (uint32_t round = 0; round < rounds_; ++round) {
    for (const InnerRecording::Packet& packet : recording.packets) {
      const uint32_t session =
          session_of(packet.assigned.conversation, recording.conversations, round, count);
      Packet& made = packets_.emplace_back(Packet{.session = session, .up = packet.assigned.up});
      add(recording, packet, sessions[session], made, rules);
    }
  }
}

void AddressedPackets::add(const InnerRecording& recording, const InnerRecording::Packet& packet,
                           const SessionEnds& session, Packet& made, const AddressRules& rules) {
  if (session.mtu != 0 && packet.size > session.mtu) {
    made.too_large = true;
    return;
  }
  const std::span<const uint8_t> captured(recording.bytes.data() + packet.at, packet.size);
  const bool v4 = captured[0] >> 4 == 4;
  const Ends was = ends_of(captured);
  dp::IpAddress near = v4 ? session.v4 : session.v6;
  dp::IpAddress far = v4 ? rules.inside4 : rules.inside6;
  if (rules.keep_source) near = made.up ? was.source : was.destination;
  if (rules.keep_far_end) far = made.up ? was.destination : was.source;
  // A packet down without the session's address would not find it.
  if (near.is_unspecified() || far.is_unspecified() || (rules.keep_source && !made.up)) return;
  made.at = bytes_.size();
  made.size = packet.size;
  bytes_.insert(bytes_.end(), captured.begin(), captured.end());
  readdress({bytes_.data() + made.at, made.size}, made.up ? Ends{near, far} : Ends{far, near});
}

NotTunnelled AddressedPackets::left_out(uint64_t taken) const noexcept {
  NotTunnelled sum;
  const uint64_t all = packets_.size();
  for (uint64_t i = 0; i < std::min(taken, all); ++i) {
    if (packets_[i].size != 0) continue;
    // As often as it was taken.
    const uint64_t times = taken / all + (i < taken % all ? 1 : 0);
    (packets_[i].too_large ? sum.too_large : sum.no_family) += times;
  }
  const uint64_t rounds = a_round_ == 0 ? 1 : (taken + a_round_ - 1) / a_round_;
  sum.not_ip = rounds * never_.not_ip;
  sum.not_whole = rounds * never_.not_whole;
  sum.one_address = rounds * never_.one_address;
  return sum;
}

}  // namespace culvert::replay
