/**
 * Every number of the arena, with its unit. u = arena units; a tick = one fixed step.
 * Shared by server, bots and browser page: changing one changes all of them.
 */

/** Fixed simulation rate, Hz. Inputs are sampled at the same rate. */
export const TICK_RATE_HZ = 60;
/** Length of one fixed step, s. */
export const STEP_S = 1 / TICK_RATE_HZ;

/** Arena size, u. Times POSITION_SCALE it must fit an int16. */
export const ARENA_WIDTH = 2000;
export const ARENA_HEIGHT = 1200;
/** Positions travel as whole sixteenths of a unit. */
export const POSITION_SCALE = 16;

/** Angles travel as whole parts of a turn: uint16, 65536 = one turn, 0 = +x, a quarter turn = +y. */
export const TURN = 65536;
/** The visible aim of a player travels as uint8: 256 = one turn (1.4 degrees). */
export const AIM_STEP = TURN / 256;

/** Most players in one arena. Slots are uint8. */
export const PLAYERS_MAX = 100;
/** Longest name, characters; a longer one is cut. */
export const NAME_LENGTH_MAX = 16;
/** Half the side of a player's square body, u. */
export const PLAYER_RADIUS = 20;
/** Walking speed, u/s. */
export const PLAYER_SPEED = 300;
/** Deflection of the stick at full speed; int8. */
export const MOVE_MAX = 127;

/** Speed while dashing, u/s: 15 u a tick, below the thinnest wall. */
export const DASH_SPEED = 900;
/** Length of a dash, ticks. */
export const DASH_TICKS = 9;
/** From the start of one dash to the next, ticks. Fits a uint8. */
export const DASH_COOLDOWN_TICKS = 90;

/** Health of a fresh player, points; also the most. */
export const HP_MAX = 100;
/** Shield points that one shield pickup gives; also the most. */
export const SHIELD_MAX = 50;
/** From death to respawn, ticks. */
export const RESPAWN_TICKS = 120;

/** Projectile speed, u/s: 13.3 u a tick. */
export const PROJECTILE_SPEED = 800;
export const PROJECTILE_RADIUS = 5;
/** A projectile that hit nothing dies after this many ticks. */
export const PROJECTILE_LIFE_TICKS = 90;
/** Most projectiles alive; a shot beyond is not fired and its cooldown not spent. */
export const PROJECTILES_MAX = 200;
export const PROJECTILE_DAMAGE = 15;
/** Projectile ids are uint16 and wrap; PROJECTILES_MAX keeps the living ones apart. */
export const PROJECTILE_IDS = 65536;
/** Between two shots, ticks. */
export const FIRE_TICKS = 12;
/** Between two shots with rapid fire, ticks. */
export const RAPID_FIRE_TICKS = 5;

export const PICKUP_RADIUS = 16;
/** From being taken to being back, ticks. */
export const PICKUP_RETURN_TICKS = 480;
/** Health that one pickup gives, points. */
export const PICKUP_HEALTH = 40;
/** How long rapid fire lasts, ticks. */
export const PICKUP_RAPID_TICKS = 360;

/** Bits of PlayerInput.buttons. */
export const BUTTON_FIRE = 1;
export const BUTTON_DASH = 2;
/** All defined buttons; other bits are ignored. */
export const BUTTONS_MASK = BUTTON_FIRE | BUTTON_DASH;
