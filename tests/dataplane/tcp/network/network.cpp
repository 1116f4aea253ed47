// The clock: whatever is due first, a packet's arrival, an endpoint's timer or an application's wish.
#include "tests/dataplane/tcp/network/network.hpp"

#include <algorithm>
#include <stdexcept>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "tests/dataplane/tcp/network/port.hpp"

namespace culvert::tcp::test {

Host::Host(Network& network, uint32_t index, const EndpointConfig& config, const Offload& offload)
    : network_(network),
      index_(index),
      endpoint_(std::make_unique<Endpoint>(config, offload, drops_, SegmentSink{&flush, this})) {
  if (!endpoint_->listen(address(), 443)) throw std::runtime_error("the host cannot listen");
}

dp::IpAddress Host::address() const {
  return dp::IpAddress::v4(0x0a000001 + index_);
}

void Host::flush(void* self, dp::Batch& batch) {
  auto& host = *static_cast<Host*>(self);
  for (rte_mbuf* m : batch) {
    host.network_.depart(host, m);
  }
  batch.clear();
}

Network::~Network() {
  for (; !air_.empty(); air_.pop()) {
    rte_pktmbuf_free(air_.top().packet);
  }
}

Host& Network::add_host(EndpointConfig config, const Offload& offload) {
  config.pool = pool_;
  for (uint64_t& half : config.isn_key) {
    half = dice_.roll();
  }
  const auto index = static_cast<uint32_t>(hosts_.size());
  hosts_.push_back(std::make_unique<Host>(*this, index, config, offload));
  hosts_.back()->endpoint().poll(now_);
  return *hosts_.back();
}

Link& Network::add_link(const LinkConfig& config) {
  links_.push_back(std::make_unique<Link>(config, dice_.roll()));
  return *links_.back();
}

void Network::route(const Host& from, const Host& to, std::vector<Link*> links) {
  routes_.push_back({from.index_, to.index_, std::move(links)});
}

void Network::join(const Host& a, const Host& b, const LinkConfig& there, const LinkConfig& back) {
  route(a, b, {&add_link(there)});
  route(b, a, {&add_link(back)});
}

void Network::depart(const Host& from, rte_mbuf* m) {
  const auto* ip = rte_pktmbuf_mtod(m, const rte_ipv4_hdr*);
  const uint32_t to = rte_be_to_cpu_32(ip->dst_addr) - 0x0a000001;
  const auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) {
    return r.from == from.index_ && r.to == to;
  });
  if (route == routes_.end()) {
    rte_pktmbuf_free(m);
    throw std::runtime_error("a packet for which there is no route");
  }
  on_wire_.clear();
  transmit_as_port(m, pool_, on_wire_);
  for (rte_mbuf* packet : on_wire_) {
    if (application_ != nullptr) application_->on_departure(from, packet, now_);
    carry(packet, static_cast<uint32_t>(route - routes_.begin()), 0);
  }
}

void Network::carry(rte_mbuf* m, uint32_t route, uint32_t hop) {
  const Link::Carried carried = routes_[route].links[hop]->carry(m, now_);
  for (size_t i = 0; i < 2; ++i) {
    if (carried.packet[i] == nullptr) continue;
    air_.push({carried.at[i], ++order_, carried.packet[i], route, hop + 1});
  }
}

void Network::arrive(const Arrival& arrival) {
  const Route& route = routes_[arrival.route];
  if (arrival.hop < route.links.size()) return carry(arrival.packet, arrival.route, arrival.hop);
  Host& host = *hosts_[route.to];
  if (application_ != nullptr) application_->on_arrival(host, arrival.packet, now_);
  host.burst_.push_back(arrival.packet);
}

void Network::serve(Host& host) {
  // What comes at one moment is one burst, as a port would give it.
  host.endpoint_->input(host.burst_, now_);
  host.burst_.clear();
  host.endpoint_->poll(now_);
  host.most_buffers_ = std::max(host.most_buffers_, host.endpoint_->buffers_held());
  while (application_ != nullptr && application_->serve(host, now_)) {
    host.most_buffers_ = std::max(host.most_buffers_, host.endpoint_->buffers_held());
    host.endpoint_->poll(now_);
  }
}

bool Network::step(Time limit) {
  const Time wakes = application_ != nullptr ? application_->wakes() : ~Time{0};
  Time next = wakes;
  if (!air_.empty()) next = std::min(next, air_.top().at);
  for (const auto& host : hosts_) {
    next = std::min(next, host->endpoint_->next_deadline());
  }
  if (next > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  now_ = std::max(now_, next);
  const bool woken = wakes <= now_;
  while (!air_.empty() && air_.top().at <= now_) {
    const Arrival arrival = air_.top();
    air_.pop();
    arrive(arrival);
  }
  for (const auto& host : hosts_) {
    if (woken || !host->burst_.empty() || host->endpoint_->next_deadline() <= now_) serve(*host);
  }
  return true;
}

}  // namespace culvert::tcp::test
