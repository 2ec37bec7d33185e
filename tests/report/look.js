// look.js NAME=PAGE... - looks at pages in headless Chromium: an accessibility check (axe-core) wide and narrow, each
// scrollable part reached by the keyboard, nothing asked of a network; a picture of each in colour and in grey, NAME.png
// and NAME-grey.png in the present folder. Exit 1 when something is wrong. NODE_PATH tells where its two modules are.
'use strict';
const fs = require('fs');
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
let wrong = 0;

function complain(name, what) {
    console.log(`FAILED: ${name}: ${what}`);
    wrong++;
}

async function check(page, name, width) {
    await page.setViewportSize({ width, height: 900 });
    const result = await page.evaluate(async () => await window.axe.run());
    for (const rule of result.violations)
        complain(name, `${width} wide: ${rule.id}: ${rule.help}: ${rule.nodes[0].html.slice(0, 200)}`);
    if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth))
        complain(name, `${width} wide: it has to be scrolled sideways as a whole`);
    return result.passes.length;
}

// Every part that can be scrolled gets the focus, in the order of the page.
async function tab(page, name) {
    const wanted = await page.evaluate(() => document.querySelectorAll('.scroll').length);
    let reached = 0;
    for (let i = 0; i < wanted; i++) {
        await page.keyboard.press('Tab');
        reached += await page.evaluate(() => document.activeElement.classList.contains('scroll'));
    }
    if (reached !== wanted)
        complain(name, `the keyboard reaches ${reached} of ${wanted} tables`);
    return wanted;
}

async function look(browser, name, file) {
    const page = await browser.newPage();
    page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url()))
            complain(name, `asks for ${request.url()}`);
    });
    page.on('pageerror', (error) => complain(name, error.message));
    await page.goto(`file://${fs.realpathSync(file)}`);
    await page.evaluate(axe);
    const rules = await check(page, name, 1200);
    await check(page, name, 420);
    const tables = await tab(page, name);
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.screenshot({ path: `${name}.png`, fullPage: true });
    await page.addStyleTag({ content: 'html { filter: grayscale(1) }' });
    await page.screenshot({ path: `${name}-grey.png`, fullPage: true });
    console.log(`ok      ${name}: ${rules} rules hold, the keyboard reaches ${tables} tables`);
    await page.close();
}

(async () => {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: flags });
    for (const word of process.argv.slice(2))
        await look(browser, ...word.split('='));
    await browser.close();
    process.exit(wrong > 0 ? 1 : 0);
})();
